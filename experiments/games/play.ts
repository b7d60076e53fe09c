/** What the rows ask: a method on a game for so many rounds, as plain data. */
import { type Oracle, type RunResult, runSync, type StopRules } from "fpx";
import {
  fictitiousPlay,
  frankWolfeSaddle,
  type GameSolver,
  kuhnPoker,
  type OptimisticFtplOptions,
  optimisticFtpl,
  optimisticHedge,
  type Play,
  projectedExtragradient,
  regretMatchingPlus,
  type SaddleGame,
  type SaddlePoint,
  sequenceForm,
} from "fpx/games";
import { answersOf, type RowContext } from "../reproduction.ts";
import { curvedGame, interdiction, matrixGame, robustAssignment, sparseGame } from "./instances.ts";

export type GameName =
  | "matrix game, 50 by 50"
  | "sparse 300 by 200"
  | "robust assignment, 10 by 10"
  | "paths, 8 by 8"
  | "curved, dimension 50"
  | "Kuhn poker";

/** The games of the study, drawn from a seed. */
export const GAMES: Readonly<Record<GameName, (seed: number) => SaddleGame>> = {
  "matrix game, 50 by 50": (seed) => matrixGame(50, seed),
  "sparse 300 by 200": (seed) => sparseGame(300, 200, 0.05, seed),
  "robust assignment, 10 by 10": (seed) => robustAssignment(10, seed),
  "paths, 8 by 8": (seed) => interdiction(8, 3, seed),
  "curved, dimension 50": (seed) => curvedGame(50, seed),
  "Kuhn poker": () => sequenceForm(kuhnPoker()).game,
};

/** A method on a game, whatever it remembers. */
type Contender = (
  game: SaddleGame,
  run: { readonly evalEvery: number; readonly seed: number; readonly stop: StopRules },
) => Pick<RunResult<unknown, SaddlePoint>, "steps" | "status" | "result">;

const contender =
  <P extends Play>(make: (options: { evalEvery: number }) => GameSolver<P>): Contender =>
  (game, { evalEvery, seed, stop }) =>
    runSync(make({ evalEvery }), game, { seed, stop });

type PeerName =
  | "regret matching plus"
  | "projected extragradient"
  | "optimistic Hedge"
  | "fictitious play"
  | "Frank-Wolfe, step 2/(t + 2)";

const PEERS: Readonly<Record<PeerName, Contender>> = {
  "regret matching plus": contender(regretMatchingPlus),
  "projected extragradient": contender(projectedExtragradient),
  "optimistic Hedge": contender(optimisticHedge),
  "fictitious play": contender(fictitiousPlay),
  "Frank-Wolfe, step 2/(t + 2)": contender(frankWolfeSaddle),
};

/** A peer by its name, or follow-the-perturbed-leader with options. */
export type Method = PeerName | OptimisticFtplOptions;

export interface PlayQuestion {
  readonly game: GameName;
  /** Of the game and of the method. */
  readonly seed: number;
  readonly method: Method;
  readonly rounds: number;
  /** Rounds between certificates; the last round alone unless given. */
  readonly evalEvery?: number;
  /** Ends the play at the first certificate of this or less. */
  readonly target?: number;
}

export interface Played extends Pick<SaddlePoint, "value" | "lower" | "upper" | "nashConv"> {
  /** The certified gap of the averages after the last round. */
  readonly gap: number;
  /** Rounds to the target; infinite when it was not reached, or there was none. */
  readonly roundsToTarget: number;
}

export const play: Oracle<PlayQuestion, Played> = {
  name: "play",
  answer({ game, seed, method, rounds, evalEvery = rounds, target }) {
    const solve =
      typeof method === "string"
        ? PEERS[method]
        : contender((evaluation) => optimisticFtpl({ ...method, ...evaluation }));
    const { steps, status, result } = solve(GAMES[game](seed), {
      evalEvery,
      seed,
      stop: {
        maxSteps: rounds,
        ...(target === undefined ? {} : { tolerance: { metric: "nashConv", below: target } }),
      },
    });
    const { value, lower, upper, nashConv, history } = result;
    return {
      value,
      lower,
      upper,
      nashConv,
      gap: history.at(-1)!.nashConv,
      roundsToTarget: status === "converged" ? steps : Number.POSITIVE_INFINITY,
    };
  },
};

/** The certified gaps at the ends of plays. */
export const gapsOf = async (
  context: RowContext,
  questions: readonly PlayQuestion[],
): Promise<readonly number[]> => (await answersOf(context, play, questions)).map(({ gap }) => gap);
