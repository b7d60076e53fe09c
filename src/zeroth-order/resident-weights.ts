/** Parameters where a loss reads them, as problems of `seedReplay`: in place, or a set of its own for each row of a batch. */

import { checkCount, checkVector } from "../core/checks.ts";
import { InvalidInput } from "../core/errors.ts";
import { fingerprint } from "../core/index.ts";
import { createRng } from "../random/index.ts";
import { inPlace, type PerturbedWeights } from "./perturbed-weights.ts";
import { applyAmounts, replay, sizeOf, weightsOf } from "./replay-log.ts";
import type { Frame, ResidentQuestion, ResidentWeights } from "./seed-replay.ts";

/** A problem whose weights can be put back to rest. */
export type RestingWeights = ResidentWeights & { rest(): void };

/** A problem with a copy of the weights for each row of a batch. */
export interface RowWeights extends ResidentWeights {
  /** For each parameter the rows' values, one after the other; the same arrays throughout. */
  readonly copies: readonly Float32Array[];
}

/**
 * Parameters as a problem of `seedReplay`: the arrays that the loss reads, changed in place. The loss may be a promise
 * (a model runtime); all losses of one step get the same batch number and must use the same data, without dropout.
 *
 * @throws InvalidInput for no parameters; NonFinite for one that is not finite.
 */
export function residentWeights(
  parameters: readonly Float32Array[],
  loss: (batch: number) => number | Promise<number>,
  options: { readonly fingerprint?: string } = {},
): RestingWeights {
  const size = checkParameters(parameters);
  return resident(parameters, {
    fingerprint: options.fingerprint ?? fingerprint({ size }),
    rows: 1,
    probed: true,
    place: (frame) => weightsOf(parameters, frame),
    async losses(weights, { version, draw, offset, batch }) {
      weights.probe(version, draw, offset);
      return [await loss(batch)];
    },
  });
}

/**
 * Parameters with a copy for each row of a batch: in one forward pass each row is probed along a direction of its own and
 * has its own loss, so that a pass gives as many slopes as rows. Their mean estimates the gradient of the mean loss
 * without bias; its variance is that of single rows over their number, where a direction in common would keep all of the
 * mean's. The price is memory for as many copies as rows.
 *
 * @example
 * const problem = rowWeights([weights], 16, (batch) => lossesOf(batch, problem.copies[0]));
 * await run(seedReplay({ stepSize: 0.05, method: "forward", scaling: "rms" }), problem, { stop: { maxSteps: 500 } });
 *
 * @param losses the rows' losses of a batch at the problem's `copies`; the batch's loss is their mean.
 * @throws InvalidInput for no parameters, or fewer than one row; NonFinite for a parameter that is not finite.
 */
export function rowWeights(
  parameters: readonly Float32Array[],
  rows: number,
  losses: (batch: number) => ArrayLike<number> | Promise<ArrayLike<number>>,
  options: { readonly fingerprint?: string } = {},
): RowWeights {
  const size = checkParameters(parameters);
  checkCount("rows", rows);
  const copies = parameters.map(({ length }) => new Float32Array(rows * length));
  const problem = resident(parameters, {
    fingerprint: options.fingerprint ?? fingerprint({ size, rows }),
    rows,
    probed: false,
    // Only the copies are probed: the parameters rest between steps.
    place: ({ seed, law }) => inPlace(parameters, seed, law),
    async losses(_, { version, draw, offset, batch }, { seed, law }) {
      const rng = createRng(seed);
      for (let row = 0; row < rows; row++) {
        const stream = rng.stream("seed replay", version, draw * rows + row);
        let at = 0;
        for (const [i, part] of parameters.entries()) {
          const copy = copies[i]!.subarray(row * part.length, (row + 1) * part.length);
          copy.set(part);
          if (offset !== 0) stream.perturb(copy, offset, { law, offset: at });
          at += part.length;
        }
      }
      const found = Array.from(await losses(batch));
      if (found.length !== rows)
        throw new InvalidInput(`the loss gave ${found.length} numbers for ${rows} rows: give one for each`);
      return found;
    },
  });
  return { ...problem, copies };
}

type LossQuestion = Extract<ResidentQuestion, { readonly op: "loss" }>;

/** What is common to all weights: steps are ended in their order, and a log is restored from the first weights only. */
function resident(
  parameters: readonly Float32Array[],
  problem: {
    readonly fingerprint: string;
    readonly rows: number;
    readonly probed: boolean;
    place(frame: Frame): PerturbedWeights;
    losses(weights: PerturbedWeights, question: LossQuestion, frame: Frame): Promise<readonly number[]>;
  },
): RestingWeights {
  let version = 0;
  let weights: PerturbedWeights | undefined;

  const finish = (frame: Frame, question: { version: number; pending: Float32Array | null }) => {
    weights ??= problem.place(frame);
    if (question.pending !== null && question.version === version + 1) {
      applyAmounts(weights, version, question.pending);
      version++;
    }
    if (question.version !== version)
      throw new InvalidInput(
        `the weights stand after step ${version}, asked for ${question.version}: start again from the first weights and restore the log`,
      );
    return weights;
  };

  return {
    fingerprint: problem.fingerprint,
    size: sizeOf(parameters),
    rows: problem.rows,
    probed: problem.probed,
    weights: {
      name: "weights",
      answer(question, frame) {
        if (question.op === "loss") return problem.losses(finish(frame, question), question, frame);
        if (question.op === "finish") {
          finish(frame, question).rest();
          return [];
        }
        const { log } = question;
        const steps = log.amounts.length / log.directions;
        if (version === 0 && steps > 0) {
          replay(parameters, log);
          version = steps;
        }
        if (version !== steps)
          throw new InvalidInput(
            `the weights stand after step ${version}, the log after ${steps}: load the first weights again`,
          );
        return [];
      },
    },
    rest: () => weights?.rest(),
  };
}

function checkParameters(parameters: readonly Float32Array[]): number {
  const size = sizeOf(parameters);
  if (size === 0)
    throw new InvalidInput("parameters are empty: give at least one array of at least one number");
  for (const [i, part] of parameters.entries()) if (part.length > 0) checkVector(`parameters[${i}]`, part);
  return size;
}
