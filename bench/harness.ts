/**
 * Side-by-side measurement: ours and a peer take turns, so that a busy machine slows both, and what counts is
 * the median of the rounds' ratios. Times are CPU times of the process (user and system).
 */
import { type ChildProcessWithoutNullStreams, spawn, spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";

/** One measured line; times in `unit`, `ratio` is ours over the peer's (below 1: fpx is faster). */
export interface BenchRow {
  readonly name: string;
  readonly ours: number;
  /** Undefined when the peer is not installed. */
  readonly peer?: number;
  readonly peerName: string;
  readonly unit: string;
  readonly ratio?: number;
  /** Smallest and largest ratio of a round, as "0.41-0.52". */
  readonly spread?: string;
  /** What the ratio should be, as "<= 0.5"; without a peer, what the figure should be. */
  readonly target?: string;
  /** What the machine or the runtime allows at best, where that is known. */
  readonly limit?: string;
  readonly note?: string;
}

/** A peer that takes its own time, such as another process: milliseconds for one operation. */
export type SelfTimed = { milliseconds(): Promise<number> };

export interface Contest {
  readonly name: string;
  /** Does `operations` operations (default 1); its result is read, so that it cannot be optimised away. */
  readonly ours: () => unknown;
  readonly peer?: (() => unknown) | SelfTimed | undefined;
  readonly peerName: string;
  readonly unit: "ms" | "us";
  readonly operations?: number;
  readonly target?: string;
  readonly limit?: string;
  readonly note?: string;
}

const ROUNDS = 11;
const WARM_UP_ROUNDS = 2;
/** A round repeats an operation for at least so long, for the clock's sake. */
const LEAST_MILLISECONDS = 12;
/** JavaScript runs for so long before it is timed: as in a process that lives, its compiler's work is not counted. */
const WARM_UP_MILLISECONDS = 400;

/** Measures one contest. */
export async function compare(contest: Contest): Promise<BenchRow> {
  const { name, ours, peer, peerName, unit, operations = 1, target, limit, note } = contest;
  const scale = (unit === "us" ? 1000 : 1) / operations;
  const clocks = [
    timed(ours),
    ...(peer === undefined ? [] : [typeof peer === "function" ? timed(peer) : peer]),
  ];
  const rounds: number[][] = [];
  for (let round = -WARM_UP_ROUNDS; round < ROUNDS; round++) {
    const times: number[] = [];
    // Whoever went first goes second in the next round.
    const order = round % 2 === 0 ? clocks.keys() : [...clocks.keys()].reverse();
    for (const i of order) times[i] = await clocks[i]!.milliseconds();
    if (round >= 0) rounds.push(times);
  }
  const row = {
    name,
    ours: median(rounds.map(([mine]) => mine!)) * scale,
    peerName,
    unit,
    ...(target === undefined ? {} : { target }),
    ...(limit === undefined ? {} : { limit }),
    ...(note === undefined ? {} : { note }),
  };
  if (peer === undefined) return row;
  const selfTimed = typeof peer !== "function";
  const theirs = rounds.map(([, their]) => their! * (selfTimed ? operations : 1));
  const ratios = rounds.map(([mine], i) => mine! / theirs[i]!);
  return {
    ...row,
    peer: median(theirs) * scale,
    ratio: median(ratios),
    spread: `${Math.min(...ratios).toPrecision(3)}-${Math.max(...ratios).toPrecision(3)}`,
  };
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
}

/** Repeats a function often enough for the clock; the number of repeats is found in the first round. */
function timed(run: () => unknown): SelfTimed {
  let repeats = 0;
  let kept: unknown;
  const once = (count: number): number => {
    const start = process.cpuUsage();
    for (let i = 0; i < count; i++) kept = run();
    const { user, system } = process.cpuUsage(start);
    if (kept === timed) throw new Error("unreachable: keeps the result alive");
    return (user + system) / 1000;
  };
  return {
    milliseconds: async () => {
      if (repeats === 0) {
        for (let spent = 0; spent < WARM_UP_MILLISECONDS; ) spent += once(1);
        for (repeats = 1; once(repeats) < LEAST_MILLISECONDS; ) repeats *= 2;
      }
      return once(repeats) / repeats;
    },
  };
}

/** Python with NumPy on one thread, for as long as a bench needs it. */
export interface NumPy {
  readonly version: string;
  /** An operation named in the script given to `openNumPy`. */
  operation(name: string): SelfTimed;
  close(): void;
}

/** Numbers that both sides work on, row by row. */
export interface SharedArray {
  readonly data: Float64Array;
  readonly shape: readonly number[];
}

/**
 * Starts the `python3` of the environment, or the one that FPX_PYTHON names, with definitions of functions
 * that take no argument and find the arrays under their names; undefined when it is not there or lacks NumPy.
 */
export async function openNumPy(
  definitions: string,
  arrays: Readonly<Record<string, SharedArray>> = {},
): Promise<NumPy | undefined> {
  const python = process.env["FPX_PYTHON"] ?? "python3";
  if (spawnSync(python, ["-c", "import numpy"]).status !== 0) return undefined;
  const folder = mkdtempSync(join(tmpdir(), "fpx-bench-"));
  const loads = Object.entries(arrays).map(([name, { data, shape }]) => {
    const path = join(folder, name);
    writeFileSync(path, data);
    return `${name} = np.fromfile(${JSON.stringify(path)}).reshape(${shape.join(", ")})`;
  });
  const child: ChildProcessWithoutNullStreams = spawn(
    python,
    ["-c", [IMPORTS, ...loads, READY, definitions, SERVE].join("\n")],
    { env: { ...process.env, OPENBLAS_NUM_THREADS: "1", MKL_NUM_THREADS: "1", OMP_NUM_THREADS: "1" } },
  );
  let failure = "";
  child.stderr.on("data", (data: Buffer) => {
    failure += data.toString();
  });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const next = async (): Promise<string> => {
    const { value, done } = await lines.next();
    if (done) throw new Error(`NumPy ended: ${failure}`);
    return value as string;
  };
  const version = await next();
  rmSync(folder, { recursive: true });
  return {
    version,
    operation: (operation) => ({
      milliseconds: async () => {
        child.stdin.write(`${operation}\n`);
        return Number(await next());
      },
    }),
    close: () => child.stdin.end(),
  };
}

const IMPORTS = `
import sys, time
import numpy as np
`;

const READY = "print(np.__version__, flush=True)";

const SERVE = `
repeats = {}
def once(f, count):
    start = time.process_time()
    for _ in range(count): f()
    return (time.process_time() - start) * 1e3
for line in sys.stdin:
    name = line.strip()
    f = globals()[name]
    if name not in repeats:
        count = 1
        while once(f, count) < ${LEAST_MILLISECONDS}: count *= 2
        repeats[name] = count
    print(once(f, repeats[name]) / repeats[name], flush=True)
`;
