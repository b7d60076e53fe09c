import { join } from "node:path";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Bowl, grinder, problem, walk } from "../../test/fixtures/executors/bowl.ts";
import { type RedisServer, startRedis } from "../../test/support/services.ts";
import { startWorker, type WorkerProcess } from "../../test/support/workers.ts";
import { type Batch, Cancelled, InvalidInput, OracleFailure, run } from "../core/index.ts";
import { type ClusterOptions, cluster } from "./index.ts";

const module = join(import.meta.dirname, "../../test/fixtures/executors/bowl.ts");
const redis: RedisServer | undefined = await startRedis(["--requirepass", "secret word"]);
const url = redis?.url.replace("//", "//:secret%20word@") ?? "";
const workers: WorkerProcess[] = [];
const { fingerprint } = problem;

const open = (options: Partial<ClusterOptions> = {}) =>
  cluster(url, { fingerprint, inlineBelow: 0, ...options });
const batch = (oracle: keyof Bowl, questions: readonly unknown[], common?: unknown): Batch =>
  ({ oracle: problem[oracle], questions, common }) as Batch;
const bits = (x: Float64Array) => [...new BigUint64Array(x.slice().buffer)].join();

async function moreWorkers(count: number): Promise<void> {
  const fresh = Array.from({ length: count }, () => startWorker(url, module));
  workers.push(...fresh);
  await Promise.all(fresh.map(({ ready }) => ready));
}

describe.skipIf(redis === undefined)("cluster", () => {
  beforeAll(() => moreWorkers(1), 60_000);
  afterAll(async () => {
    await Promise.all(workers.map((worker) => worker.kill()));
    await redis?.stop();
  });

  const sameBits = () =>
    fc.assert(
      fc.asyncProperty(fc.nat(), fc.integer({ min: 1, max: 6 }), async (seed, directions) => {
        const options = { seed, stop: { maxSteps: 3 } };
        const expected = bits((await run(walk(directions), problem, options)).result);
        const executor = open();
        const { result } = await run(walk(directions), problem, { ...options, executor });
        await executor.close();
        expect(bits(result)).toBe(expected);
      }),
      { numRuns: 4, seed: 2 },
    );

  it("gives the bits of inline with one worker", sameBits, 60_000);

  it("returns many answers in question order, with large common parts and answers", async () => {
    const seen: number[] = [];
    const executor = open({ onProgress: (done) => seen.push(done) });
    const questions = Array.from({ length: 2000 }, (_, i) => Float64Array.of(i, 1));
    expect(await executor.ask(batch("value", questions))).toEqual(
      questions.map((q) => problem.value.answer(q, undefined)),
    );
    expect(seen.at(-1)).toBe(2000);
    const x = Float64Array.from({ length: 50_000 }, (_, i) => Math.sin(i));
    const [answer] = (await executor.ask(batch("gradient", [{ j: 3 }], { x }))) as Float64Array[];
    expect(bits(answer!)).toBe(bits(problem.gradient.answer({ j: 3 }, { x }) as Float64Array));
    // The same question twice in one batch is answered twice.
    expect(await executor.ask(batch("later", [7, 7, 7]))).toEqual([3, 3, 3]);
    expect(await executor.ask(batch("later", []))).toEqual([]);
    await executor.close();
  });

  it("names the first question that throws, and forgets the failure", async () => {
    const executor = open({ run: "throws" });
    const asked = executor.ask(batch("throwing", [1, 2, 17, 27, 3])) as Promise<unknown>;
    const error = await asked.catch((thrown) => thrown);
    expect(error).toBeInstanceOf(OracleFailure);
    expect(error).toMatchObject({
      index: 2,
      cause: { name: "RangeError", message: "no answer to 17", code: "NO_ANSWER" },
    });
    expect(await executor.ask(batch("throwing", [1, 2, 3]))).toEqual([1, 2, 3]);
    await executor.close();
  });

  it("makes a question that kills its worker three times a failure with its index, and goes on", async () => {
    const executor = open();
    const questions = [0, 1, 2, 3].map((i) => ({ i, deadly: i === 2 }));
    const error = await (executor.ask(batch("deadly", questions)) as Promise<unknown>).catch((e) => e);
    expect(error).toMatchObject({ index: 2, cause: { code: "WORKER_LOST" } });
    expect(await executor.ask(batch("deadly", [{ i: 4, deadly: false }]))).toEqual([8]);
    await executor.close();
  }, 30_000);

  it("cancels what is under way, also in the worker", async () => {
    const executor = open();
    for (const oracle of ["endless", "patient"] as const) {
      const controller = new AbortController();
      const asked = executor.ask(batch(oracle, [0]), controller.signal) as Promise<unknown>;
      setTimeout(() => controller.abort(), 400);
      await expect(asked).rejects.toBeInstanceOf(Cancelled);
    }
    // The one worker is free again.
    expect(await executor.ask(batch("later", [2]))).toEqual([2]);
    await executor.close();
  }, 30_000);

  it("finds the answers of an earlier start of its run", async () => {
    const questions = Array.from({ length: 6 }, (_, i) => ({ milliseconds: 60, i }));
    const first = open({ run: "again" });
    const answers = await first.ask(batch("work", questions));
    await first.close();
    const second = open({ run: "again" });
    const began = performance.now();
    expect(await second.ask(batch("work", questions))).toEqual(answers);
    const again = performance.now() - began;
    const other = open({ run: "other" });
    const otherBegan = performance.now();
    expect(await other.ask(batch("work", questions))).toEqual(answers);
    // Same machine, same moment: looking answers up takes less than working them out.
    expect(again).toBeLessThan(performance.now() - otherBegan);
    await second.close();
    await other.close();
  }, 30_000);

  it("gives the bits of inline with three workers", async () => {
    await moreWorkers(2);
    await sameBits();
    const executor = open();
    const options = { seed: 1, stop: { maxSteps: 3 } };
    const solver = grinder({ questions: 40, milliseconds: 0.5 });
    const { result } = await run(solver, problem, { ...options, executor });
    expect(result).toBe((await run(solver, problem, options)).result);
    await executor.close();
  }, 90_000);

  it("gives a killed worker's questions to another within 5 s", async () => {
    const executor = open();
    await executor.ask(batch("work", [{ milliseconds: 1, i: 0 }]));
    const questions = Array.from({ length: 12 }, (_, i) => ({ milliseconds: 200, i: 100 + i }));
    const quiet = performance.now();
    await executor.ask(
      batch(
        "work",
        questions.map(({ i }) => ({ milliseconds: 200, i: i + 100 })),
      ),
    );
    const undisturbed = performance.now() - quiet;
    const began = performance.now();
    const asked = executor.ask(batch("work", questions)) as Promise<unknown>;
    setTimeout(() => void workers.pop()!.kill(), 300);
    expect(await asked).toEqual(questions.map((q) => problem.work.answer(q, undefined)));
    // A third of the hands is gone, too.
    expect(performance.now() - began).toBeLessThan(2 * undisturbed + 5000);
    await executor.close();
  }, 60_000);

  it("does not let a worker of another problem answer, and says so on both sides", async () => {
    const notes: string[] = [];
    const executor = cluster(url, {
      fingerprint: "another",
      inlineBelow: 0,
      patience: 4,
      onNote: (line) => notes.push(line),
    });
    await expect(executor.ask(batch("later", [1]))).rejects.toMatchObject({ code: "CLUSTER_UNREACHABLE" });
    expect(notes[0]).toMatch(new RegExp(`problem ${fingerprint}, not another.*fpx worker --cluster`));
    expect(workers[0]!.output()).toMatch(/not answering the driver on .*problem another/);
    await executor.close();
  }, 30_000);

  it("refuses addresses, names and servers that cannot be meant", async () => {
    expect(() => cluster("http://x", { fingerprint })).toThrow(InvalidInput);
    expect(() => cluster("redis://user:pw@", { fingerprint })).toThrow(/redis:\/\/\[user/);
    expect(() => cluster("redis://user:pw@", { fingerprint })).not.toThrow(/pw@/);
    expect(() => open({ run: "a b" })).toThrow(/run "a b"/);
    expect(() => open({ patience: -1 })).toThrow(/patience is -1/);
    for (const [address, why] of [
      ["redis://127.0.0.1:1", /cannot use Redis at 127.0.0.1:1: .*ECONNREFUSED/],
      [redis!.url, /NOAUTH/],
      [redis!.url.replace("//", "//:wrong@"), /WRONGPASS|password/],
    ] as const) {
      const executor = cluster(address, { fingerprint, inlineBelow: 0 });
      await expect(executor.ask(batch("later", [1]))).rejects.toThrow(why);
      await executor.close();
    }
  });
});
