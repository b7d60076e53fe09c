/**
 * Optimistic FTPL against the exact linear programme and against other dynamics, one run each: time (CPU) to a certified
 * gap, with rounds and oracle calls. A ratio above 1 says that the other method is faster, and the row says who won.
 */

import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
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
  kuhnPoker,
  leducPoker,
  type OptimisticFtplOptions,
  optimisticFtpl,
  type Play,
  regretMatchingPlus,
  type SaddleGame,
  sequenceForm,
  simplex,
} from "../src/games/index.ts";
import { createRng } from "../src/random/index.ts";
import { type BenchRow, median } from "./harness.ts";

export const name = "Games: time to a certified gap, one run each";

/** No dynamics runs longer than this, of CPU time. */
const SECONDS = 3;

/** How a method stood when its certified gap first fell to a tolerance, or when its time was over. */
interface Outcome {
  readonly milliseconds: number;
  readonly reached: boolean;
  readonly steps: number;
  readonly calls: number;
  readonly gap: number;
}

const cpu = (since?: NodeJS.CpuUsage): number => {
  const { user, system } = process.cpuUsage(since);
  return (user + system) / 1000;
};

/** One run, looked at when it passes each tolerance (falling). */
function timesTo<P extends Play>(
  make: (options: { readonly tolerance: number }) => GameSolver<P>,
  game: SaddleGame,
  tolerances: readonly number[],
): Outcome[] {
  const outcomes: Outcome[] = [];
  const late = new AbortController();
  const start = process.cpuUsage();
  const { result, steps } = runSync(make({ tolerance: tolerances.at(-1)! }), game, {
    seed: 1,
    signal: late.signal,
    observers: [
      ({ step, state: { best, play } }) => {
        if (cpu(start) > 1000 * SECONDS) late.abort();
        while (outcomes.length < tolerances.length && best.nashConv <= tolerances[outcomes.length]!)
          outcomes.push({
            milliseconds: cpu(start),
            reached: true,
            steps: step,
            calls: play.calls.x,
            gap: best.nashConv,
          });
      },
    ],
  });
  while (outcomes.length < tolerances.length)
    outcomes.push({
      milliseconds: cpu(start),
      reached: false,
      steps,
      calls: result.oracleCalls.x,
      gap: result.nashConv,
    });
  return outcomes;
}

async function timeExact(game: SaddleGame): Promise<Outcome> {
  const start = process.cpuUsage();
  const { nashConv, iterations } = await exactSaddlePoint(game);
  return { milliseconds: cpu(start), reached: true, steps: iterations, calls: 0, gap: nashConv };
}

const tell = (who: string, { reached, steps, calls, gap }: Outcome): string =>
  `${who} ${steps} ${calls > 0 ? `rounds, ${calls} calls a player` : "iterations"}${reached ? "" : `, only ${gap.toPrecision(2)} in ${SECONDS} s`}`;

function row(name: string, ours: Outcome, peerName: string, peer: Outcome): BenchRow {
  const both = ours.reached && peer.reached;
  const oursWins = ours.reached && (!peer.reached || ours.milliseconds <= peer.milliseconds);
  const winner = !(ours.reached || peer.reached) ? "neither" : oursWins ? "fpx" : peerName;
  return {
    name,
    ours: ours.milliseconds,
    peer: peer.milliseconds,
    peerName,
    unit: "ms",
    ...(both ? { ratio: ours.milliseconds / peer.milliseconds } : {}),
    note: `${winner} wins: ${tell("fpx", ours)}; ${tell(peerName, peer)}`,
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

const assignments = (n: number): SaddleGame =>
  bilinearGame(
    birkhoff(n),
    simplex(5),
    createRng(1)
      .stream("costs", n)
      .uniforms(5 * n * n),
  );

function matrixGame(n: number): SaddleGame {
  const entries = createRng(1)
    .stream("matrix", n)
    .uniforms(n * n);
  return bilinearGame(
    simplex(n),
    simplex(n),
    entries.map((u) => 2 * u - 1),
  );
}

/** Work of a fixed number of operations, about a millisecond, before the best response; for workers to load. */
export function slowGame(): SaddleGame {
  const set = simplex(20);
  const slow = {
    ...set,
    decisions: [],
    lmo: (cost: Float64Array) => {
      let x = cost[0]!;
      for (let k = 0; k < 50_000; k++) x = Math.cos(x);
      return Number.isNaN(x) ? cost : set.lmo(cost);
    },
  };
  return bilinearGame(slow, slow, createRng(1).stream("slow").uniforms(400));
}

/** A process of its own that answers perturbed best responses of `slowGame`, as many as it is told to. */
async function lonelyProcess(): Promise<ChildProcess> {
  const program = `
    const { createJiti } = await import("jiti");
    const { slowGame } = await createJiti(${JSON.stringify(import.meta.filename)}).import(${JSON.stringify(import.meta.filename)});
    const game = slowGame();
    const zero = new Float64Array(20);
    const common = { cost: [zero, zero], law: ["gaussian", "gaussian"], scale: [1, 1], seed: 1, purpose: "", step: 0 };
    process.on("message", (count) => {
      for (let j = 0; j < count; j++) game.respond.answer({ player: j % 2, j }, common);
      process.send("done");
    });
    process.send("ready");`;
  const child = spawn(process.execPath, ["--input-type=module", "-e", program], {
    cwd: join(import.meta.dirname, ".."),
    stdio: ["ignore", "ignore", "inherit", "ipc"],
  });
  await once(child, "message");
  return child;
}

/** Whole runs in two worker threads against two independent processes that make as many responses, in turns. */
async function* parallel(): AsyncGenerator<BenchRow> {
  const game = slowGame();
  const source = {
    module: import.meta.filename,
    export: "slowGame",
    fingerprint: game.fingerprint,
  };
  const [executor, single] = [threads(2, source), threads(1, source)];
  const pair = [await lonelyProcess(), await lonelyProcess()];
  const clock = async (work: () => Promise<unknown>): Promise<number> => {
    const began = performance.now();
    await work();
    return performance.now() - began;
  };
  try {
    for (const samples of [16, 64]) {
      const rounds = 192 / samples;
      const count = 2 * samples * rounds;
      const solver = optimisticFtpl({ guess: "past", samples, scale: 1, evalEvery: 1000 });
      const on = (pool: typeof executor) => () =>
        run(solver, game, { seed: 1, stop: { maxSteps: rounds }, executor: pool });
      const apart = () =>
        Promise.all(
          pair.map((child) => {
            child.send(count / 2);
            return once(child, "message");
          }),
        );
      const turns: number[][] = [];
      for (let round = -1; round < 15; round++) {
        const order = round % 2 === 0 ? [on(executor), apart] : [apart, on(executor)];
        const times = [await clock(order[0]!), await clock(order[1]!)];
        if (round >= 0) turns.push(round % 2 === 0 ? times : times.reverse());
      }
      const alone = await clock(on(single));
      const ratios = turns.map(([ours, theirs]) => theirs! / ours!);
      const ours = median(turns.map(([mine]) => mine!));
      yield {
        name: `responses of about 1 ms, m = ${samples}, two workers`,
        ours: (1000 * count) / ours,
        peer: (1000 * count) / median(turns.map(([, theirs]) => theirs!)),
        peerName: "two independent processes",
        unit: "calls/s",
        ratio: median(ratios),
        spread: `${Math.min(...ratios).toFixed(2)}-${Math.max(...ratios).toFixed(2)}`,
        target: ">= 0.9",
        note: `one worker ${((1000 * count) / alone).toFixed(0)} calls/s; here more is better`,
      };
    }
  } finally {
    for (const child of pair) child.kill();
    await executor.close();
    await single.close();
  }
}

const NASHPY = `
import json, sys, time
import numpy as np, nashpy
matrix = np.array(json.load(sys.stdin))
start = time.process_time()
nashpy.Game(matrix).linear_program()
print((time.process_time() - start) * 1e3)
`;

/** nashpy's linear programme by its own clock; undefined when it is not installed. */
function timeNashpy(game: SaddleGame): Outcome | undefined {
  const [n, matrix] = [game.y.dimension, game.matrix!];
  const rows = Array.from({ length: game.x.dimension }, (_, i) =>
    Array.from(matrix.subarray(i * n, (i + 1) * n), (cost) => -cost),
  );
  const { status, stdout } = spawnSync(process.env["FPX_PYTHON"] ?? "python3", ["-c", NASHPY], {
    input: JSON.stringify(rows),
    encoding: "utf8",
  });
  if (status !== 0) return undefined;
  return { milliseconds: Number(stdout), reached: true, steps: 0, calls: 0, gap: 0 };
}

const ftpl =
  (options: OptimisticFtplOptions) =>
  ({ tolerance }: { readonly tolerance: number }) =>
    optimisticFtpl({ ...options, tolerance });

async function* matrices(): AsyncGenerator<BenchRow> {
  const tolerances = [1e-2, 1e-3];
  // Loads the solver's WebAssembly before any clock runs.
  await timeExact(matrixGame(2));
  let missing = false;
  for (const n of [50, 100, 200, 500, 1000]) {
    const game = matrixGame(n);
    const exact = await timeExact(game);
    const ours = timesTo(ftpl({ guess: "past", samples: 64, scale: "practical" }), game, tolerances);
    const python = missing ? undefined : timeNashpy(game);
    if (python === undefined && !missing) {
      missing = true;
      yield {
        name: `matrix ${n} x ${n} to ${tolerances[0]}`,
        ours: ours[0]!.milliseconds,
        peerName: "nashpy's linear programme",
        unit: "ms",
        note: "install nashpy for the Python that FPX_PYTHON names to compare with it",
      };
    }
    const play = timesTo(fictitiousPlay, game, tolerances);
    const matching = timesTo(regretMatchingPlus, game, tolerances);
    for (const [k, tolerance] of tolerances.entries()) {
      const what = `matrix ${n} x ${n} to ${tolerance}`;
      yield row(what, ours[k]!, "HiGHS (exact)", exact);
      if (python !== undefined) yield row(what, ours[k]!, "nashpy (exact)", python);
      yield row(what, ours[k]!, "fictitious play", play[k]!);
      yield row(what, ours[k]!, "regret matching plus", matching[k]!);
    }
  }
}

async function* polytopes(): AsyncGenerator<BenchRow> {
  const games: (readonly [string, SaddleGame, number])[] = [
    ...[10, 20, 30, 50].map((n) => [`assignment ${n} x ${n}, 5 scenarios`, assignments(n), 0.1] as const),
    ["grid flow 8 x 8, 3 sensors", flow(8), 0.02],
    ["grid flow 16 x 16, 3 sensors", flow(16), 0.02],
  ];
  for (const [what, game, tolerance] of games) {
    const name = `${what} to ${tolerance} (past, m = 1, scale 0.3 by hand)`;
    const once = <P extends Play>(make: (options: { readonly tolerance: number }) => GameSolver<P>) =>
      timesTo(make, game, [tolerance])[0]!;
    const past = once(ftpl({ guess: "past", samples: 1, scale: 0.3 }));
    const practical = { scale: "practical", perturbation: "gaussian" } as const;
    yield row(name, past, "OFTPL extragradient, scale 0.3", once(ftpl({ samples: 1, scale: 0.3 })));
    yield row(
      name,
      past,
      "OFTPL past, m = 4, scale practical",
      once(ftpl({ ...practical, guess: "past", samples: 4 })),
    );
    yield row(name, past, "OFTPL past, m = 8, scale auto", once(ftpl({ guess: "past" })));
    yield row(name, past, "Frank-Wolfe (SP-FW)", once(frankWolfeSaddle));
    yield row(name, past, "fictitious play", once(fictitiousPlay));
    yield row(name, past, "HiGHS (exact)", await timeExact(game));
  }
  for (const [what, tree, tolerance] of [
    ["Kuhn poker", kuhnPoker(), 0.005],
    ["Leduc poker", leducPoker(), 0.05],
  ] as const) {
    const { game } = sequenceForm(tree);
    const shared = { samples: 4, scale: "practical", guess: "past" } as const;
    const [ours] = timesTo(ftpl(shared), game, [tolerance]);
    const [cfr] = timesTo(regretMatchingPlus, game, [tolerance]);
    yield row(`${what} to ${tolerance} (past, m = 4)`, ours!, "CFR+", cfr!);
    yield row(`${what} to ${tolerance} (past, m = 4)`, ours!, "HiGHS (exact)", await timeExact(game));
  }
}

export async function* bench(): AsyncGenerator<BenchRow> {
  yield* parallel();
  yield* matrices();
  yield* polytopes();
}
