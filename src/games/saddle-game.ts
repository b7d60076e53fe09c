import { checkPositive, checkVector } from "../core/checks.ts";
import { InvalidInput, NonFinite } from "../core/errors.ts";
import { type Asking, ask, askFolded, fingerprint, type Oracle, type Problem } from "../core/index.ts";
import { gemv } from "../linalg/index.ts";
import { createRng, type Rng, type Seed } from "../random/index.ts";
import type { Perturbation } from "./perturbation.ts";
import { type Draw, perturbedResponses } from "./responses.ts";
import type { StrategySet } from "./sets/strategy-set.ts";
import { inner, spread, sum, topSingular } from "./vectors.ts";

/** One number or vector for each player: x, who minimises, then y, who maximises. */
export type Both<T> = readonly [x: T, y: T];

/** Strategies of both players. */
export interface Pair {
  readonly x: Float64Array;
  readonly y: Float64Array;
}

/** The payoff f at a pair, with its gradients in x and y. */
export interface PayoffAt {
  readonly value: number;
  readonly gx: Float64Array;
  readonly gy: Float64Array;
}

/** What all best responses of a phase share. */
export interface Phase {
  readonly cost: Both<Float64Array>;
  readonly law: Both<Perturbation>;
  /** 0: no perturbation. */
  readonly scale: Both<number>;
  readonly seed: Seed;
  /** Streams are addressed by (purpose and player, step, j). */
  readonly purpose: string;
  readonly step: number;
}

/** The j-th response of a player (0: x, 1: y). */
export interface Response {
  readonly player: 0 | 1;
  readonly j: number;
}

/** A zero-sum game min over x, max over y of f(x, y), f convex in x and concave in y. */
export interface SaddleGame extends Problem {
  readonly x: StrategySet;
  readonly y: StrategySet;
  /** f is linear in x and in y: certificates and scales are then sharper. */
  readonly bilinear: boolean;
  /** Block smoothness L of the gradients in the l2 norm; the scales `theory` and `practical` need it. */
  readonly smoothness?: number;
  /** Greatest less least entry of a payoff matrix. */
  readonly payoffRange?: number;
  /** Row-major payoff of a bilinear game. */
  readonly matrix?: Float64Array;
  readonly respond: Oracle<Response, Float64Array, Phase> & {
    fold(answers: readonly Float64Array[]): Float64Array;
  };
  readonly payoff: Oracle<Pair, PayoffAt>;
}

/** What `saddleGame` needs. */
export interface SaddleGameSpec {
  readonly x: StrategySet;
  readonly y: StrategySet;
  payoff(x: Float64Array, y: Float64Array): PayoffAt | Promise<PayoffAt>;
  readonly bilinear?: boolean;
  readonly smoothness?: number;
  /** Names the data behind the payoff; snapshots of other data are refused. */
  readonly fingerprint?: string;
}

/**
 * A convex-concave game from two strategy sets and its payoff with gradients.
 * @throws InvalidInput for a smoothness that is not positive.
 * @example saddleGame({ x: simplex(3), y: l2Ball(2), payoff: (x, y) => ({ value, gx, gy }) })
 */
export function saddleGame(spec: SaddleGameSpec): SaddleGame {
  const { x, y, bilinear = false, smoothness } = spec;
  if (smoothness !== undefined) checkPositive("smoothness", smoothness);
  return {
    fingerprint: spec.fingerprint ?? fingerprint([x.name, y.name, bilinear, smoothness ?? null]),
    x,
    y,
    bilinear,
    ...(smoothness === undefined ? {} : { smoothness }),
    respond: responder([x, y]),
    payoff: {
      name: "payoff",
      answer(pair) {
        const answer = spec.payoff(pair.x, pair.y);
        return answer instanceof Promise ? answer.then(checked) : checked(answer);
      },
    },
  };

  function checked(at: PayoffAt): PayoffAt {
    if (!Number.isFinite(at.value)) throw new NonFinite(`the payoff is ${at.value}`);
    checkVector("gx", at.gx, x.dimension);
    checkVector("gy", at.gy, y.dimension);
    return at;
  }
}

/**
 * The game x'Ay with a row-major matrix A of x.dimension rows and y.dimension columns.
 * @throws InvalidInput or NonFinite for a matrix of another size or with entries that are not finite.
 * @example bilinearGame(birkhoff(10), simplex(5), costs)
 */
export function bilinearGame(x: StrategySet, y: StrategySet, matrix: ArrayLike<number>): SaddleGame {
  const [m, n] = [x.dimension, y.dimension];
  checkVector("the matrix", matrix, m * n);
  return bilinear(x, y, matrix instanceof Float64Array ? matrix : Float64Array.from(matrix));
}

function bilinear(x: StrategySet, y: StrategySet, matrix: Float64Array): SaddleGame {
  const [m, n] = [x.dimension, y.dimension];
  const game = saddleGame({
    x,
    y,
    bilinear: true,
    fingerprint: fingerprint([x.name, y.name, matrix]),
    payoff: (at, against) => {
      const gx = gemv(m, n, matrix, against);
      return { value: inner(at, gx), gx, gy: gemv(m, n, matrix, at, { transpose: true }) };
    },
  });
  return {
    ...game,
    smoothness: topSingular(m, n, centred(x, y, matrix)).value,
    payoffRange: spread(matrix),
    matrix,
  };
}

/** Without what no strategy can change: means over coordinates whose sum is fixed. */
function centred(x: StrategySet, y: StrategySet, matrix: Float64Array): Float64Array {
  const [m, n] = [x.dimension, y.dimension];
  const rest = matrix.slice();
  const take = (count: number, index: (k: number) => number): void => {
    let sum = 0;
    for (let k = 0; k < count; k++) sum += rest[index(k)]!;
    for (let k = 0; k < count; k++) rest[index(k)]! -= sum / count;
  };
  if (y.constantSum) for (let i = 0; i < m; i++) take(n, (j) => i * n + j);
  if (x.constantSum) for (let j = 0; j < n; j++) take(m, (i) => i * n + j);
  return rest;
}

const PLAYERS = ["x", "y"] as const;

function responder(sets: Both<StrategySet>): SaddleGame["respond"] {
  const respond = sets.map(perturbedResponses);
  // What does not depend on j is worked out once per phase and player.
  let known: { phase: Phase; rng: Rng; draw: (Draw | undefined)[] } | undefined;
  return {
    name: "respond",
    answer({ player, j }, phase) {
      if (known?.phase !== phase) known = { phase, rng: createRng(phase.seed), draw: [] };
      const draw = (known.draw[player] ??= respond[player]!(
        phase.cost[player],
        phase.law[player],
        phase.scale[player],
      ));
      return draw(known.rng.stream(`${phase.purpose}/${PLAYERS[player]}`, phase.step, j));
    },
    fold: sum,
  };
}

/** Mean of m perturbed responses of both players: one batch, summed over blocks that the executor cannot change. */
export function* meanResponses(game: SaddleGame, m: number, phase: Phase): Asking<Pair> {
  const questions: Response[] = [];
  for (const player of [0, 1] as const) for (let j = 0; j < m; j++) questions.push({ player, j });
  const size = blockSize(m);
  const sums = yield* askFolded(game.respond, questions, size, phase);
  const mean = (blocks: readonly Float64Array[]) => game.respond.fold(blocks).map((value) => value / m);
  const half = m / size;
  return { x: mean(sums.slice(0, half)), y: mean(sums.slice(half)) };
}

/** The largest divisor of m that leaves at least four blocks. */
function blockSize(m: number): number {
  let size = Math.max(1, Math.floor(m / 4));
  while (m % size !== 0) size--;
  return size;
}

const UNPERTURBED = { law: ["gaussian", "gaussian"], scale: [0, 0], seed: 0, purpose: "", step: 0 } as const;

/** Exact best responses of both players to linear costs, in one batch. */
export function* bestResponses(game: SaddleGame, x: Float64Array, y: Float64Array): Asking<Pair> {
  const questions: Response[] = [
    { player: 0, j: 0 },
    { player: 1, j: 0 },
  ];
  const [bestX, bestY] = yield* ask(game.respond, questions, { ...UNPERTURBED, cost: [x, y] });
  return { x: bestX!, y: bestY! };
}

export function* payoffAt(game: SaddleGame, pair: Pair): Asking<PayoffAt> {
  const [at] = yield* ask(game.payoff, [pair]);
  return at!;
}

/** The negated gradient of y, who minimises it. */
export const costOfY = ({ gy }: PayoffAt): Float64Array => gy.map((g) => -g);

/** Throws `InvalidInput` unless the matrix of a bilinear game is known. */
export function matrixOf(game: SaddleGame, who: string): Float64Array {
  if (!game.matrix)
    throw new InvalidInput(`${who} needs the game's matrix: build the game with bilinearGame`);
  return game.matrix;
}
