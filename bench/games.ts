/**
 * Optimistic FTPL against the exact linear programme and against other dynamics, one run each: time (CPU) to a certified
 * gap, with rounds and oracle calls. A ratio above 1 says that the other method is faster.
 */

import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { run, runSync } from "../src/core/index.ts";
import { threads } from "../src/executors/index.ts";
import {
  bilinearGame,
  birkhoff,
  dagPaths,
  exactSaddlePoint,
  fictitiousPlay,
  frankWolfeSaddle,
  type GameSolver,
  kSubsets,
  optimisticFtpl,
  type Play,
  regretMatchingPlus,
  type SaddleGame,
  simplex,
} from "../src/games/index.ts";
import { createRng } from "../src/random/index.ts";
import type { BenchRow } from "./harness.ts";

export const name = "Games: time to a certified gap, one run each";

/** No dynamics runs longer than this. */
const SECONDS = 10;

interface Outcome {
  readonly milliseconds: number;
  readonly reached: boolean;
  readonly steps: number;
  readonly calls: number;
  readonly gap: number;
}

function timeTo<P extends Play>(solver: GameSolver<P>, game: SaddleGame): Outcome {
  const start = process.cpuUsage();
  const { status, steps, result } = runSync(solver, game, { seed: 1, stop: { maxSeconds: SECONDS } });
  const { user, system } = process.cpuUsage(start);
  return {
    milliseconds: (user + system) / 1000,
    reached: status === "converged",
    steps,
    calls: result.oracleCalls.x,
    gap: result.nashConv,
  };
}

async function timeExact(game: SaddleGame): Promise<Outcome> {
  const start = process.cpuUsage();
  const { nashConv, iterations } = await exactSaddlePoint(game);
  const { user, system } = process.cpuUsage(start);
  return { milliseconds: (user + system) / 1000, reached: true, steps: iterations, calls: 0, gap: nashConv };
}

const tell = (who: string, { reached, steps, calls, gap }: Outcome): string =>
  `${who} ${steps} rounds${calls > 0 ? `, ${calls} calls a player` : ""}${reached ? "" : `, only ${gap.toPrecision(2)} in ${SECONDS} s`}`;

function row(name: string, ours: Outcome, peerName: string, peer: Outcome): BenchRow {
  const both = ours.reached && peer.reached;
  return {
    name,
    ours: ours.milliseconds,
    peer: peer.milliseconds,
    peerName,
    unit: "ms",
    ...(both ? { ratio: ours.milliseconds / peer.milliseconds } : {}),
    note: `${tell("fpx", ours)}; ${tell(peerName, peer)}`,
  };
}

/** A path across an n by n grid against three sensors. */
function flow(n: number): SaddleGame {
  const edges: [number, number][] = [];
  for (let node = 0; node < n * n; node++) {
    if (node % n < n - 1) edges.push([node, node + 1]);
    if (node < n * (n - 1)) edges.push([node, node + n]);
  }
  const matrix = new Float64Array(edges.length ** 2);
  const weights = createRng(1).stream("flow", n).uniforms(edges.length);
  for (let e = 0; e < edges.length; e++) matrix[e * edges.length + e] = 0.2 + 0.8 * weights[e]!;
  return bilinearGame(dagPaths({ nodes: n * n, edges }, 0, n * n - 1), kSubsets(edges.length, 3), matrix);
}

/** A game whose best responses take a millisecond each, for workers to load. */
export function paddedGame(): SaddleGame {
  const slow = {
    ...simplex(20),
    decisions: [],
    lmo: (cost: Float64Array) => {
      for (const until = performance.now() + 1; performance.now() < until; );
      return simplex(20).lmo(cost);
    },
  };
  const payoffs = createRng(1).stream("padded").uniforms(400);
  return bilinearGame(slow, slow, payoffs);
}

const BUSY = `
let calls = 0;
const end = performance.now() + 3000;
while (performance.now() < end) { for (const until = performance.now() + 1; performance.now() < until; ); calls++; }
console.log(calls / 3);
`;

/** Responses a second of two workers against two independent busy processes, in turn. */
async function parallel(): Promise<BenchRow> {
  const game = paddedGame();
  const source = { module: import.meta.url, export: "paddedGame", fingerprint: game.fingerprint };
  const executor = threads(2, source);
  const solver = optimisticFtpl({ guess: "past", samples: 128, scale: 1, evalEvery: 1000 });
  const rate = async (rounds: number) => {
    const start = performance.now();
    await run(solver, game, { seed: 1, stop: { maxSteps: rounds }, executor });
    return (256 * rounds * 1000) / (performance.now() - start);
  };
  const independent = async () => {
    const one = promisify(execFile)(process.execPath, ["-e", BUSY]);
    const two = promisify(execFile)(process.execPath, ["-e", BUSY]);
    return Number((await one).stdout) + Number((await two).stdout);
  };
  await rate(2);
  const ours = await rate(20);
  const peer = await independent();
  await executor.close();
  return {
    name: "responses of 1 ms, two workers",
    ours,
    peer,
    peerName: "two independent processes",
    unit: "calls/s",
    ratio: ours / peer,
    target: ">= 0.9",
  };
}

export async function bench(): Promise<BenchRow[]> {
  const rows: BenchRow[] = [await parallel()];
  for (const n of [50, 100, 200, 500, 1000]) {
    const entries = createRng(1)
      .stream("matrix", n)
      .uniforms(n * n);
    const game = bilinearGame(
      simplex(n),
      simplex(n),
      entries.map((u) => 2 * u - 1),
    );
    const exact = await timeExact(game);
    for (const tolerance of [1e-2, 1e-3]) {
      const what = `matrix ${n} x ${n} to ${tolerance}`;
      const ours = timeTo(
        optimisticFtpl({ guess: "past", samples: 64, scale: "practical", tolerance }),
        game,
      );
      rows.push(row(what, ours, "HiGHS (exact)", exact));
      rows.push(row(what, ours, "fictitious play", timeTo(fictitiousPlay({ tolerance }), game)));
      rows.push(row(what, ours, "regret matching plus", timeTo(regretMatchingPlus({ tolerance }), game)));
    }
  }
  const polytopes: (readonly [string, SaddleGame, number])[] = [10, 30, 50].map((n) => [
    `assignment ${n} x ${n}, 5 scenarios`,
    bilinearGame(
      birkhoff(n),
      simplex(5),
      createRng(1)
        .stream("costs", n)
        .uniforms(5 * n * n),
    ),
    0.05,
  ]);
  polytopes.push(["grid flow 8 x 8, 3 sensors", flow(8), 0.02]);
  for (const [what, game, tolerance] of polytopes) {
    const shared = { samples: 4, tolerance, scale: "practical", perturbation: "gaussian" } as const;
    const past = timeTo(optimisticFtpl({ ...shared, guess: "past" }), game);
    const extragradient = timeTo(optimisticFtpl(shared), game);
    const to = `${what} to ${tolerance}`;
    rows.push(row(`${to} (past)`, past, "OFTPL, extragradient", extragradient));
    rows.push(row(`${to} (past)`, past, "Frank-Wolfe", timeTo(frankWolfeSaddle({ tolerance }), game)));
    rows.push(row(`${to} (past)`, past, "fictitious play", timeTo(fictitiousPlay({ tolerance }), game)));
    rows.push(row(`${to} (past)`, past, "HiGHS (exact)", await timeExact(game)));
  }
  return rows;
}
