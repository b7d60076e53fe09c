import { cp, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import fc from "fast-check";
import { Redis } from "ioredis";
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
const source = { module, fingerprint: problem.fingerprint };

const open = (options: Partial<ClusterOptions> = {}) =>
  cluster(url, { ...source, inlineBelow: 0, ...options });
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
    const questions = Array.from({ length: 600 }, (_, i) => Float64Array.of(i, 1));
    expect(await executor.ask(batch("value", questions))).toEqual(
      questions.map((q) => problem.value.answer(q, undefined)),
    );
    expect(seen.at(-1)).toBe(600);
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

  it("keeps the answers of a run from every other run", async () => {
    const answer = async (run?: string): Promise<unknown> => {
      const executor = open(run === undefined ? {} : { run });
      const [text] = await executor.ask(batch("unrepeatable", [1]));
      await executor.close();
      return text;
    };
    const [a, b, again, nameless, nameless2] = [
      await answer("a"),
      await answer("b"),
      await answer("a"),
      await answer(),
      await answer(),
    ];
    expect(again).toBe(a);
    expect(new Set([a, b, nameless, nameless2]).size).toBe(4);
  });

  it("leaves nothing in Redis for ever", async () => {
    const client = new Redis(url);
    const nameless = open();
    const named = open({ run: "kept" });
    for (const executor of [nameless, named]) {
      await executor.ask(batch("gradient", [{ j: 1 }, { j: 2 }], { x: Float64Array.of(1, 2) }));
      await executor.ask(batch("later", [1, 2]));
      await (executor.ask(batch("throwing", [7])) as Promise<unknown>).catch(() => undefined);
    }
    // The driver's sign of life, which lets the queue expire, comes every second.
    await sleep(1500);
    const keys = await client.keys("*");
    const lives = new Map<string, number>();
    for (const key of keys) lives.set(key, (await client.pttl(key)) / 1000);
    for (const kind of ["answer", "failure", "common", "cut", "queue", "worker", "driver"])
      expect(keys.some((key) => key.startsWith(`fpx:${kind}`))).toBe(true);
    for (const [key, seconds] of lives) {
      expect([key, seconds > 0 || seconds === -0.002]).toEqual([key, true]);
      expect(seconds).toBeLessThanOrEqual(key.startsWith("fpx:queue") ? 7 * 86_400 : 86_400);
      if (key.startsWith("fpx:answer"))
        expect(seconds).toBeLessThanOrEqual(key.includes(":kept:") ? 3600 : 86_400);
    }
    await nameless.close();
    await named.close();
    client.disconnect();
  });

  it("asks again when Redis forgets everything", async () => {
    const client = new Redis(url);
    const executor = open();
    const x = Float64Array.of(1, 2, 3);
    const questions = Array.from({ length: 8 }, (_, j) => ({ j }));
    const slow = Array.from({ length: 8 }, (_, i) => ({ milliseconds: 100, i }));
    const asked = [executor.ask(batch("work", slow)), executor.ask(batch("gradient", questions, { x }))];
    await sleep(200);
    await client.flushall();
    const [worked, gradients] = await Promise.all(asked);
    expect(worked).toEqual(slow.map((q) => problem.work.answer(q, undefined)));
    expect(gradients).toEqual(questions.map((q) => problem.gradient.answer(q, { x })));
    await executor.close();
    client.disconnect();
  }, 30_000);

  it("closes also when Redis is gone", async () => {
    const other = (await startRedis())!;
    const executor = cluster(other.url, { ...source, inlineBelow: 0 });
    const controller = new AbortController();
    const asked = executor.ask(batch("later", [1]), controller.signal) as Promise<unknown>;
    await sleep(300);
    await other.kill();
    controller.abort();
    await expect(asked).rejects.toBeInstanceOf(Cancelled);
    await executor.close();
    await other.stop();
  }, 20_000);

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
    const questions = Array.from({ length: 12 }, (_, i) => ({ milliseconds: 80, i: 100 + i }));
    const quiet = performance.now();
    await executor.ask(
      batch(
        "work",
        questions.map(({ i }) => ({ milliseconds: 80, i: i + 100 })),
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

  it("asks a second worker what the first does not come to an end with", async () => {
    const stuck = startWorker(url, module, { env: { FPX_TEST_STUCK: "1" }, threads: 4 });
    workers.push(stuck);
    await stuck.ready;
    const executor = open();
    const questions = Array.from({ length: 12 }, (_, i) => i);
    expect(await executor.ask(batch("stuck", questions))).toEqual(questions);
    await executor.close();
    await stuck.kill();
  }, 60_000);

  it("does not let a worker of another problem answer, and says so on both sides", async () => {
    const notes: string[] = [];
    const executor = cluster(url, {
      module,
      fingerprint: "another",
      inlineBelow: 0,
      patience: 4,
      onNote: (line) => notes.push(line),
    });
    await expect(executor.ask(batch("later", [1]))).rejects.toMatchObject({ code: "CLUSTER_UNREACHABLE" });
    expect(notes[0]).toMatch(new RegExp(`problem ${source.fingerprint}, not another.*fpx worker --cluster`));
    expect(workers[0]!.output()).toMatch(/not answering the driver on .*problem another/);
    await executor.close();
  }, 30_000);

  it("does not let a worker answer whose copy of the module says something else", async () => {
    const dir = await mkdtemp(join(tmpdir(), "fpx-copy-"));
    for (const name of ["bowl.ts", "grind.ts"]) await cp(join(module, "..", name), join(dir, name));
    const copy = join(dir, "grind.ts");
    // A file that the module imports is as much a part of it.
    const asked = { ...source, module: copy, inlineBelow: 0 };
    const same = startWorker(url, join(module, "../grind.ts"), { name: "default" });
    workers.push(same);
    await same.ready;
    const executor = cluster(url, asked);
    expect(await executor.ask(batch("later", [2]))).toEqual([2]);
    await executor.close();
    await writeFile(join(dir, "bowl.ts"), `${await readFile(module, "utf8")}\n// mended\n`);
    const notes: string[] = [];
    const mended = cluster(url, { ...asked, patience: 2, onNote: (line) => notes.push(line) });
    await expect(mended.ask(batch("later", [3]))).rejects.toMatchObject({ code: "CLUSTER_UNREACHABLE" });
    expect(notes[0]).toMatch(/other text of the problem's module/);
    await mended.close();
    await rm(dir, { recursive: true });
  }, 30_000);

  it("refuses addresses, names and servers that cannot be meant", async () => {
    expect(() => cluster("http://x", source)).toThrow(InvalidInput);
    expect(() => cluster("redis://user:pw@", source)).toThrow(/redis:\/\/\[user/);
    expect(() => cluster("redis://user:pw@", source)).not.toThrow(/pw@/);
    expect(() => open({ run: "a b" })).toThrow(/run "a b"/);
    expect(() => open({ patience: -1 })).toThrow(/patience is -1/);
    for (const [address, why] of [
      ["redis://127.0.0.1:1", /cannot use Redis at 127.0.0.1:1: .*ECONNREFUSED/],
      [redis!.url, /NOAUTH/],
      [redis!.url.replace("//", "//:wrong@"), /WRONGPASS|password/],
    ] as const) {
      const executor = cluster(address, { ...source, inlineBelow: 0 });
      await expect(executor.ask(batch("later", [1]))).rejects.toThrow(why);
      await executor.close();
    }
  });
});
