import type { Highs, ModelData } from "highs";
import { FpxError, InvalidInput } from "../core/errors.ts";
import { inline } from "../core/index.ts";
import { type Certificate, certify, type SaddlePoint } from "./dynamics.ts";
import { matrixOf, type Pair, type SaddleGame } from "./saddle-game.ts";
import type { Polytope, StrategySet } from "./sets/strategy-set.ts";
import { times } from "./vectors.ts";

/**
 * Solves a bilinear game on polytopes by one linear programme (HiGHS): min over x of the dual of y's best response.
 * The bounds come from best responses to the answer, not from the programme, whose iterations `iterations` counts.
 *
 * @throws InvalidInput when a strategy set has no `polytope` or the game no matrix.
 * @throws FpxError (code LP_FAILED) when the programme is not solved to optimality.
 */
export async function exactSaddlePoint(game: SaddleGame): Promise<SaddlePoint> {
  const solved = await solveProgramme(dualProgramme(game));
  const [m, n] = [game.x.dimension, game.y.dimension];
  const rows = polytopeOf(game.x).rows.length;
  const x = solved.colValue.slice(0, m);
  const y = solved.rowDual.slice(rows, rows + n);
  const { value, lower, upper, nashConv } = await certified(game, { x, y });
  return {
    x,
    y,
    value,
    lower,
    upper,
    nashConv,
    exploitability: nashConv / 2,
    iterations: solved.iterations,
    oracleCalls: { x: 1, y: 1 },
    history: [{ iteration: solved.iterations, nashConv }],
  };
}

async function solveProgramme(programme: ModelData) {
  const highs = await loadHighs();
  const solved = highs.withModel(programme, (model) => {
    model.options.set({ output_flag: false });
    model.run();
    const { colValue, rowDual } = model.getSolution();
    return {
      status: model.getModelStatus(),
      colValue,
      rowDual,
      iterations: Number(model.info.get("simplex_iteration_count")),
    };
  });
  if (solved.status !== highs.constants.modelStatus.optimal)
    throw new FpxError("LP_FAILED", `HiGHS ended the game's linear programme with status ${solved.status}`);
  return solved;
}

async function certified(game: SaddleGame, pair: Pair): Promise<Certificate> {
  const asking = certify(game, pair);
  let turn = asking.next([]);
  while (!turn.done) turn = asking.next(await inline.ask(turn.value));
  return turn.value;
}

/** The solver's WebAssembly, instantiated once: that takes longer than a small programme. */
let instance: Promise<Highs> | undefined;

function loadHighs(): Promise<Highs> {
  instance ??= import("highs").then(({ default: load }) =>
    // The package's types describe its CommonJS build; the ES module that is imported exports the loader itself.
    (load as unknown as typeof load.default)(),
  );
  return instance;
}

function polytopeOf(set: StrategySet): Polytope {
  if (!set.polytope) throw new InvalidInput(`${set.name} has no polytope: the exact method needs one`);
  return set.polytope;
}

/**
 * Columns: x, multipliers v of y's equalities, w of its finite upper and z of its lower bounds. Rows: x's equalities,
 * then F'v + w - z = A'x, whose duals are y. A is scaled to entries below 1, since the solver's tolerances are absolute;
 * x and y stay the same.
 */
function dualProgramme(game: SaddleGame): ModelData {
  const payoffs = matrixOf(game, "the exact method");
  const largest = payoffs.reduce((most, a) => Math.max(most, Math.abs(a)), 0);
  const matrix = largest > 0 ? times(payoffs, 1 / largest) : payoffs;
  const [m, n] = [game.x.dimension, game.y.dimension];
  const [xs, ys] = [polytopeOf(game.x), polytopeOf(game.y)];
  const bounded = ys.upper ? [...ys.upper.keys()].filter((k) => Number.isFinite(ys.upper![k])) : [];
  const [vAt, wAt] = [m, m + ys.rows.length];
  const zAt = wAt + bounded.length;
  const numCols = zAt + n;
  const colCost = new Float64Array(numCols);
  const colLower = new Float64Array(numCols);
  const colUpper = new Float64Array(numCols).fill(Number.POSITIVE_INFINITY);
  if (xs.lower) colLower.set(xs.lower);
  if (xs.upper) colUpper.set(xs.upper);
  for (const [k, { right }] of ys.rows.entries()) {
    colCost[vAt + k] = right;
    colLower[vAt + k] = Number.NEGATIVE_INFINITY;
  }
  for (const [k, j] of bounded.entries()) colCost[wAt + k] = ys.upper![j]!;
  if (ys.lower) for (let j = 0; j < n; j++) colCost[zAt + j] = -ys.lower[j]!;

  const rows: [number, number][][] = xs.rows.map(({ indices, values }) =>
    indices.map((i, k) => [i, values[k]!]),
  );
  const responses: [number, number][][] = Array.from({ length: n }, (_, j) => {
    const row: [number, number][] = [];
    for (let i = 0; i < m; i++) if (matrix[i * n + j] !== 0) row.push([i, -matrix[i * n + j]!]);
    return row;
  });
  for (const [k, { indices, values }] of ys.rows.entries())
    for (const [place, j] of indices.entries()) responses[j]!.push([vAt + k, values[place]!]);
  for (const [k, j] of bounded.entries()) responses[j]!.push([wAt + k, 1]);
  for (let j = 0; j < n; j++) responses[j]!.push([zAt + j, -1]);
  rows.push(...responses);

  const starts = new Int32Array(rows.length + 1);
  for (const [r, row] of rows.entries()) starts[r + 1] = starts[r]! + row.length;
  const entries = rows.flat();
  const right = Float64Array.from(rows, (_, r) => xs.rows[r]?.right ?? 0);
  return {
    numCols,
    numRows: rows.length,
    colCost,
    colLower,
    colUpper,
    rowLower: right,
    rowUpper: right,
    matrix: {
      format: "csr",
      numRows: rows.length,
      numCols,
      starts,
      indices: Int32Array.from(entries, ([column]) => column),
      values: Float64Array.from(entries, ([, value]) => value),
    },
  };
}
