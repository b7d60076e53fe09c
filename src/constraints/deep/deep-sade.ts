import { FpxError } from "../../core/errors.ts";
import { type Asking, ask, type Oracle, type Problem, type Solver } from "../../core/index.ts";
import type { Rng } from "../../random/index.ts";
import { decide } from "../certify.ts";
import type { Clause } from "../compile.ts";
import type { Domain } from "../domain.ts";
import type { HeadShape } from "../eliminate.ts";
import type { Table } from "../losses.ts";
import type { NetworkModel, Task } from "../model.ts";
import { headOf } from "../network-bounds.ts";
import type { MaxsatAnswer, MaxsatQuery } from "../sade/query.ts";
import { backward, forward, headScores, rowLoss, type TrainedLayer } from "./backprop.ts";
import { type HeadWeights, lineSearch, projectHead, rowsOfHead, worstOf } from "./head-step.ts";

/** A last layer to be found for one batch: `MaxsatQuery` with what it is about. Plain data. */
export interface HeadQuery extends MaxsatQuery {
  readonly shapes: readonly HeadShape[];
  /** Head columns of the batch with a leading 1, and its targets output by output. */
  readonly design: Float64Array;
  readonly targets: readonly Float64Array[];
}

export interface DeepSadeProblem extends Problem {
  readonly domain: Domain;
  readonly outputs: readonly string[];
  readonly task: Task;
  readonly clauses: readonly Clause[];
  readonly table: Table;
  readonly margin: number;
  /** Used by the fallback `maxsmt`. */
  readonly maxsat: Oracle<HeadQuery, MaxsatAnswer>;
}

/** Settings of DeepSaDe. */
export interface DeepSadeSearch {
  /** Units of each ReLU layer; default [32, 16]. */
  readonly layers?: readonly number[];
  /** Columns wired straight to the head: by default all that rules name, without which models collapse. */
  readonly skip: readonly number[];
  readonly batchSize?: number;
  readonly learningRate?: number;
  /** How the last layer's step is cut to stay admissible; default `exact`. */
  readonly lineSearch?: "exact" | "grid5";
  /** What follows when no step is admissible: the nearest admissible weights (default), or the published MaxSMT. */
  readonly fallback?: "project" | "maxsmt";
  /** Side of the MaxSMT box; default 0.1. */
  readonly stepSize?: number;
  /** Share of rows kept apart to choose the snapshot; default 0.1. */
  readonly validation?: number;
}

/** State of training: plain data. */
export interface DeepSadeState {
  step: number;
  layers: TrainedLayer[];
  head: HeadWeights;
  /** The last batch found no admissible head: signs of the next gradient are flipped at random. */
  failed: boolean;
  successes: number;
  failures: number;
  projections: number;
  /** Heads that had become inadmissible for the latent box of the moved layers. */
  outdated: number;
  snapshots: number;
  bestLoss: number;
  /** The admissible pair of layers and head with the smallest validation loss. */
  best: { layers: TrainedLayer[]; head: HeadWeights } | null;
}

/** What training found. */
export interface DeepSadeResult {
  readonly model: NetworkModel | null;
  readonly validationLoss: number;
  readonly snapshots: number;
  readonly successes: number;
  readonly failures: number;
  readonly projections: number;
  readonly outdated: number;
}

/**
 * DeepSaDe (Goyal, Dumancic, Blockeel, AAAI 2024): gradient descent moves the ReLU layers, and the last affine layer
 * is only ever set to weights that keep all rules on the box of latents that the layers can reach. A snapshot is taken
 * before the layers move, and certified in exact arithmetic.
 */
export function deepSade(search: DeepSadeSearch): Solver<DeepSadeProblem, DeepSadeState, DeepSadeResult> {
  const {
    layers: units = [32, 16],
    skip,
    batchSize = 5,
    learningRate = 0.1,
    stepSize = 0.1,
    validation = 0.1,
  } = search;
  const { lineSearch: method = "exact", fallback = "project" } = search;

  const modelOf = (
    { domain, outputs, task }: DeepSadeProblem,
    { layers, head }: Pick<DeepSadeState, "layers" | "head">,
  ): NetworkModel => ({
    format: "fpx-model",
    version: 1,
    kind: "network",
    task,
    outputs,
    domain,
    layers,
    skip,
    weights: rowsOfHead(head, outputs.length),
  });

  const inputOf = ({ table }: DeepSadeProblem, row: number): number[] => {
    const width = table.columns + 1;
    return Array.from(table.design.subarray(row * width + 1, (row + 1) * width));
  };
  const featuresOf = (input: readonly number[], latents: readonly number[]): number[] => [
    ...latents,
    ...skip.map((i) => input[i]!),
  ];

  const validationLoss = (
    problem: DeepSadeProblem,
    state: DeepSadeState,
    rows: readonly number[],
  ): number => {
    const head = rowsOfHead(state.head, problem.outputs.length);
    let [loss, total] = [0, 0];
    for (const row of rows) {
      const weight = problem.table.weights[row]!;
      total += weight;
      const input = inputOf(problem, row);
      const scores = headScores(head, featuresOf(input, forward(state.layers, input).at(-1)!));
      loss +=
        weight *
        rowLoss(
          problem.task,
          scores,
          problem.table.targets.map((target) => target[row]!),
        );
    }
    // Rows without weight say nothing: then every snapshot is as good.
    return total > 0 ? loss / total : 0;
  };

  /** Rows for training and for choosing the snapshot. */
  const splitOf = ({ table }: DeepSadeProblem, rng: Rng): { train: number[]; held: number[] } => {
    const order = [...rng.stream("split").permutation(table.rows)];
    const count = Math.min(table.rows - 1, Math.max(1, Math.round(validation * table.rows)));
    return { held: order.slice(0, count), train: order.slice(count) };
  };

  return {
    name: "deep-sade",
    options: { units, skip, batchSize, learningRate, method, fallback, stepSize, validation },
    *init(problem, rng): Asking<DeepSadeState> {
      let below = problem.domain.columns.length;
      const layers = units.map((count, l): TrainedLayer => {
        const normals = rng.stream("layers", l).normals(count * below);
        const scale = Math.sqrt(2 / below);
        const weights = Array.from({ length: count }, (_, j) =>
          Array.from(normals.subarray(j * below, (j + 1) * below), (z) => scale * z),
        );
        below = count;
        return { weights, bias: new Array<number>(count).fill(0) };
      });
      const outputs = problem.outputs.length;
      const start = rng.stream("head").normals(outputs * (1 + below + skip.length));
      const state: DeepSadeState = {
        step: 0,
        layers,
        head: start.map((z) => z / Math.sqrt(below)),
        failed: false,
        successes: 0,
        failures: 0,
        projections: 0,
        outdated: 0,
        snapshots: 0,
        bestLoss: Number.MAX_VALUE,
        best: null,
      };
      const shapes = shapesOf(modelOf(problem, state), problem.clauses);
      const admissible =
        shapes.length === 0 ? state.head : projectHead(shapes, state.head, outputs, problem.margin);
      if (admissible === undefined)
        throw new FpxError(
          "NO_MODEL",
          "no last layer was found that keeps the rules for the first layers: loosen the rules, add features to skip, or use fitConstrained, which names rules in conflict",
        );
      state.head = admissible;
      return state;
    },
    *step(problem, state, rng) {
      const { table, outputs, task, margin, clauses } = problem;
      const { train, held } = splitOf(problem, rng);
      const batches = Math.max(1, Math.floor(train.length / batchSize));
      const epoch = Math.floor(state.step / batches);
      const order = rng.stream("order", epoch).permutation(train.length);
      const at = (state.step % batches) * batchSize;
      const rows = Array.from(order.subarray(at, at + batchSize), (place) => train[place]!);

      // 1. Forward and backward on the batch.
      const head = rowsOfHead(state.head, outputs.length);
      const gradient = new Float64Array(state.head.length);
      const below = state.layers.map(
        ({ weights, bias }): TrainedLayer => ({
          weights: weights.map((row) => row.map(() => 0)),
          bias: bias.map(() => 0),
        }),
      );
      const width = head[0]!.length;
      const design = new Float64Array(rows.length * width);
      const slopes: number[] = [];
      for (const [r, row] of rows.entries()) {
        const input = inputOf(problem, row);
        const values = forward(state.layers, input);
        const latents = values.at(-1)!;
        const features = featuresOf(input, latents);
        design[r * width] = 1;
        design.set(features, r * width + 1);
        rowLoss(
          task,
          headScores(head, features),
          table.targets.map((target) => target[row]!),
          slopes,
        );
        // Weights of the table add up to 1: a row of mean weight counts once.
        const share = (table.weights[row]! * table.rows) / rows.length;
        for (const k of slopes.keys()) slopes[k]! *= share;
        const above = latents.map((_, h) => slopes.reduce((sum, s, k) => sum + s * head[k]![h + 1]!, 0));
        backward(state.layers, values, above, below);
        for (const [k, s] of slopes.entries())
          for (let i = 0; i < width; i++) gradient[k * width + i]! += s * design[r * width + i]!;
      }
      if (state.failed) {
        const signs = rng.stream("flips", state.step).signs(gradient.length);
        for (let j = 0; j < gradient.length; j++) gradient[j]! *= signs[j]!;
      }

      // 2. The latents that the layers can reach, and 3. the longest admissible step of the head.
      const shapes = shapesOf(modelOf(problem, state), clauses);
      const moved = (share: number): HeadWeights =>
        state.head.map((w, j) => w - share * learningRate * gradient[j]!);
      const keeps = (weights: HeadWeights): boolean =>
        shapes.length === 0 || worstOf(shapes, weights, outputs.length) <= -margin / 2;
      if (!keeps(state.head)) state.outdated++;
      const share = lineSearch((s) => keeps(moved(s)), method);
      let next: HeadWeights | undefined = share > 0 ? moved(share) : undefined;

      // 4. The fallback.
      if (next === undefined && fallback === "project") {
        next = projectHead(shapes, moved(1), outputs.length, margin);
        state.projections++;
      } else if (next === undefined) {
        const [answer] = yield* ask(problem.maxsat, [
          {
            shapes,
            design,
            targets: table.targets.map((target) => Float64Array.from(rows, (row) => target[row]!)),
            rows: [...rows.keys()],
            lower: state.head.map((w, j) => (gradient[j]! > 0 ? w - stepSize : w)),
            upper: state.head.map((w, j) => (gradient[j]! < 0 ? w + stepSize : w)),
            excluded: new Float64Array(),
          },
        ]);
        if (answer!.status === "sat" && keeps(answer!.weights)) next = answer!.weights.slice();
      }

      // 5. Snapshot of these layers with the new head; only then do the layers move.
      state.step++;
      state.failed = next === undefined;
      if (next === undefined) {
        state.failures++;
        return state;
      }
      state.successes++;
      state.head = next;
      const loss = validationLoss(problem, state, held);
      if (loss < state.bestLoss) {
        const model = modelOf(problem, state);
        if (clauses.every((clause) => decide(model, clause).proof.status === "certified")) {
          state.bestLoss = loss;
          state.best = structuredClone({ layers: state.layers, head: state.head });
          state.snapshots++;
        }
      }
      for (const [l, { weights, bias }] of state.layers.entries())
        for (let j = 0; j < bias.length; j++) {
          bias[j]! -= learningRate * below[l]!.bias[j]!;
          const [row, own] = [weights[j]!, below[l]!.weights[j]!];
          for (let i = 0; i < row.length; i++) row[i]! -= learningRate * own[i]!;
        }
      return state;
    },
    metrics: ({ bestLoss, successes, failures, projections, outdated, snapshots }) => ({
      bestLoss,
      successes,
      failures,
      projections,
      outdated,
      snapshots,
    }),
    status: ({ head }) => (head.every(Number.isFinite) ? "running" : "diverged"),
    result: (problem, state) => ({
      model: state.best === null ? null : structuredClone(modelOf(problem, state.best)),
      validationLoss: state.bestLoss,
      snapshots: state.snapshots,
      successes: state.successes,
      failures: state.failures,
      projections: state.projections,
      outdated: state.outdated,
    }),
  };
}

/** Clauses on the head's columns, each on the latents of its own region. */
const shapesOf = (model: NetworkModel, clauses: readonly Clause[]): HeadShape[] =>
  clauses.map((clause) => headOf(model, clause));
