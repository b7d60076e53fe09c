/**
 * What threads and a cluster give, by the clock on the wall: against two independent processes that do the same work
 * in the same minute, and against the driver's own thread. A ratio of 1.05 says 5 % slower than that.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { type Batch, type Executor, inline } from "../src/core/index.ts";
import { cluster, threads } from "../src/executors/index.ts";
import { problem } from "../test/fixtures/executors/bowl.ts";
import { startRedis } from "../test/support/services.ts";
import { startWorker } from "../test/support/workers.ts";
import { type BenchRow, median } from "./harness.ts";

export const name = "Executors: threads and cluster (wall clock, two cores)";

const module = join(import.meta.dirname, "../test/fixtures/executors/bowl.ts");
const { fingerprint } = problem;
const ROUNDS = 7;

/** No question is asked twice: answers of a run are kept. */
let fresh = 0;
const batch = (questions: number, milliseconds: number): Batch => ({
  oracle: problem.work as never,
  questions: Array.from({ length: questions }, () => ({ milliseconds, i: fresh++ })),
  common: undefined,
});

const askOf = (executor: Executor, questions: number, milliseconds: number) => async () => {
  await executor.ask(batch(questions, milliseconds));
};

/** Ours and the peer's wall clock in turns; microseconds a question. */
async function inTurns(
  row: Pick<BenchRow, "name" | "peerName"> & Partial<Pick<BenchRow, "target" | "note">>,
  questions: number,
  ours: () => Promise<void>,
  peer: () => Promise<void>,
): Promise<BenchRow> {
  const clock = async (work: () => Promise<void>): Promise<number> => {
    const began = performance.now();
    await work();
    return (1000 * (performance.now() - began)) / questions;
  };
  const rounds: (readonly [number, number])[] = [];
  for (let round = -1; round < ROUNDS; round++) {
    const mineFirst = round % 2 === 0;
    const first = await clock(mineFirst ? ours : peer);
    const second = await clock(mineFirst ? peer : ours);
    if (round >= 0) rounds.push(mineFirst ? [first, second] : [second, first]);
  }
  const ratios = rounds.map(([mine, theirs]) => mine / theirs);
  return {
    ...row,
    unit: "us",
    ours: median(rounds.map(([mine]) => mine)),
    peer: median(rounds.map(([, theirs]) => theirs)),
    ratio: median(ratios),
    spread: `${Math.min(...ratios).toPrecision(3)}-${Math.max(...ratios).toPrecision(3)}`,
  };
}

/** A process of its own that answers half of the questions whenever it is told to. */
async function lonelyProcess(): Promise<ChildProcess> {
  const program = `
    const { createJiti } = await import("jiti");
    const { problem } = await createJiti(${JSON.stringify(module)}, { alias: { fpx: ${JSON.stringify(join(import.meta.dirname, "../src/core/index.ts"))} } }).import(${JSON.stringify(module)});
    process.on("message", ({ from, questions, milliseconds }) => {
      for (let i = from; i < from + questions; i++) problem.work.answer({ milliseconds, i });
      process.send("done");
    });
    process.send("ready");`;
  const child = spawn(process.execPath, ["--input-type=module", "-e", program], {
    stdio: ["ignore", "ignore", "inherit", "ipc"],
  });
  await once(child, "message");
  return child;
}

export async function bench(): Promise<BenchRow[]> {
  const rows: BenchRow[] = [];
  const pair = [await lonelyProcess(), await lonelyProcess()];
  const apart = (questions: number, milliseconds: number) => async () => {
    const half = questions / pair.length;
    await Promise.all(
      pair.map((child) => {
        child.send({ from: fresh, questions: half, milliseconds });
        fresh += half;
        return once(child, "message");
      }),
    );
  };
  const source = { module, export: "problem", fingerprint };
  const one = threads(1, source, { inlineBelow: 0 });
  const two = threads(2, source, { inlineBelow: 0 });
  try {
    for (const milliseconds of [1, 5])
      rows.push(
        await inTurns(
          {
            name: `two threads, oracle of about ${milliseconds} ms`,
            peerName: "two independent processes",
            target: milliseconds === 5 ? "<= 1.075" : "<= 1.11",
          },
          400,
          askOf(two, 400, milliseconds),
          apart(400, milliseconds),
        ),
      );
    rows.push(
      await inTurns(
        { name: "one thread, oracle of about 1 ms", peerName: "the driver's own thread", target: "<= 1.05" },
        400,
        askOf(one, 400, 1),
        askOf(inline, 400, 1),
      ),
    );
  } finally {
    await one.close();
    await two.close();
  }

  const redis = await startRedis();
  if (redis !== undefined) {
    const workers = [0, 1].map(() => startWorker(redis.url, module));
    const executor = cluster(redis.url, { ...source, inlineBelow: 0 });
    try {
      await Promise.all(workers.map(({ ready }) => ready));
      rows.push(
        await inTurns(
          {
            name: "cluster, two workers, oracle of about 20 ms",
            peerName: "two independent processes",
            target: "<= 1.10",
          },
          128,
          askOf(executor, 128, 20),
          apart(128, 20),
        ),
        await inTurns(
          {
            name: "cluster, two workers, batches of 1,000 small questions",
            peerName: "the driver's own thread",
            note: "aim: at most 333 us a question, 3,000 a second",
          },
          1000,
          askOf(executor, 1000, 0.01),
          askOf(inline, 1000, 0.01),
        ),
        await inTurns(
          {
            name: "cluster, two workers, batches of 32 small questions",
            peerName: "the driver's own thread",
            note: "a round of 32 costs 32 times this",
          },
          32,
          askOf(executor, 32, 0.01),
          askOf(inline, 32, 0.01),
        ),
      );
    } finally {
      await executor.close();
      await Promise.all(workers.map((worker) => worker.kill()));
      await redis.stop();
    }
  }
  for (const child of pair) child.kill();
  return rows;
}
