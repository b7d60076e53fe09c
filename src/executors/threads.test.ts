import { join } from "node:path";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import study, { type Bowl, grinder, problem, walk } from "../../test/fixtures/executors/bowl.ts";
import { type Batch, type Executor, InvalidInput, OracleFailure, run, runSync } from "../core/index.ts";
import { threads } from "./index.ts";

const module = join(import.meta.dirname, "../../test/fixtures/executors/bowl.ts");
const source = { module, export: "problem", fingerprint: problem.fingerprint };
const counts = [1, 2, 5];
const pools = new Map<number, Executor>();

beforeAll(() => {
  for (const count of counts) pools.set(count, threads(count, source, { inlineBelow: 0 }));
});
afterAll(async () => {
  for (const pool of pools.values()) await pool.close();
});

const batch = (oracle: keyof Bowl, questions: readonly unknown[], common?: unknown): Batch =>
  ({ oracle: problem[oracle], questions, common }) as Batch;
const two = () => pools.get(2)!;
const bits = (x: Float64Array) => [...new BigUint64Array(x.slice().buffer)].join();

describe("threads", () => {
  it("gives the bits of inline for 1, 2 and 5 workers, whatever the seed", async () => {
    await fc.assert(
      fc.asyncProperty(fc.nat(), fc.integer({ min: 1, max: 6 }), async (seed, directions) => {
        const options = { seed, stop: { maxSteps: 4 } };
        const expected = bits((await run(walk(directions), problem, options)).result);
        for (const executor of pools.values())
          expect(bits((await run(walk(directions), problem, { ...options, executor })).result)).toBe(
            expected,
          );
      }),
      { numRuns: 15, seed: 1 },
    );
  });

  it("returns many answers in question order and tells of progress", async () => {
    const seen: number[] = [];
    const executor = threads(2, source, { inlineBelow: 0, onProgress: (done) => seen.push(done) });
    const questions = Array.from({ length: 3000 }, (_, i) => Float64Array.of(i, 1));
    const answers = await executor.ask(batch("value", questions));
    expect(answers).toEqual(questions.map((q) => problem.value.answer(q, undefined)));
    expect(seen.at(-1)).toBe(3000);
    expect(seen.length).toBeGreaterThan(2);
    expect(seen).toEqual([...seen].sort((a, b) => a - b));
    await executor.close();
  });

  it("shares large common arrays and moves large answers", async () => {
    const x = Float64Array.from({ length: 50_000 }, (_, i) => Math.sin(i));
    const questions = Array.from({ length: 4 }, (_, j) => ({ j }));
    const answers = (await two().ask(batch("gradient", questions, { x }))) as Float64Array[];
    for (const [j, answer] of answers.entries()) {
      expect(answer.buffer).toBeInstanceOf(ArrayBuffer);
      expect(bits(answer)).toBe(bits(problem.gradient.answer({ j }, { x }) as Float64Array));
    }
    expect(x.length).toBe(50_000);
  });

  it("reports the first question that throws, with what was thrown", async () => {
    for (const executor of pools.values()) {
      const failure = await Promise.resolve(executor.ask(batch("throwing", [1, 2, 17, 3, 27]))).catch(
        (error: unknown) => error,
      );
      expect(failure).toBeInstanceOf(OracleFailure);
      expect(failure).toMatchObject({ oracle: "throwing", index: 2 });
      expect((failure as OracleFailure).cause).toMatchObject({
        name: "RangeError",
        message: "no answer to 17",
        code: "NO_ANSWER",
      });
    }
  });

  it("makes a question that kills its worker three times a failure with its index, and goes on", async () => {
    const questions = Array.from({ length: 40 }, (_, i) => ({ i, deadly: i === 23 }));
    await expect(two().ask(batch("deadly", questions))).rejects.toMatchObject({
      code: "ORACLE_FAILURE",
      index: 23,
      message: expect.stringContaining("lost its worker 3 times"),
    });
    const harmless = questions.map(({ i }) => ({ i, deadly: false }));
    expect(await two().ask(batch("deadly", harmless))).toEqual(harmless.map(({ i }) => 2 * i));
  });

  it("ends an endless oracle and one that heeds its signal, and stays usable", async () => {
    for (const oracle of ["endless", "patient"] as const) {
      const controller = new AbortController();
      const asked = two().ask(batch(oracle, [1, 2]), controller.signal);
      const began = performance.now();
      setTimeout(() => controller.abort(), 50);
      await expect(asked).rejects.toMatchObject({ code: "CANCELLED" });
      expect(performance.now() - began).toBeLessThan(3000);
    }
    expect(await two().ask(batch("later", [2]))).toEqual([2]);
  });

  it("stops a run inside a batch, with a snapshot that resumes to the same bits", async () => {
    const solver = grinder({ questions: 6, milliseconds: 10 });
    const options = { seed: 1, stop: { maxSteps: 6 } };
    const whole = runSync(solver, problem, options);
    const controller = new AbortController();
    setTimeout(() => controller.abort(), 90);
    const part = await run(solver, problem, { ...options, executor: two(), signal: controller.signal });
    expect(part.status).toBe("cancelled");
    expect(part.steps).toBeLessThan(6);
    const rest = await run(solver, problem, { ...options, executor: two(), from: part.snapshot });
    expect(rest.result).toBe(whole.result);
    expect(rest.calls).toBe(whole.calls);
  });

  it("refuses another problem, a module without one, and what cannot travel", async () => {
    for (const [wrong, message] of [
      [{ ...source, fingerprint: "another" }, /fingerprint/],
      [{ ...source, export: "walk" }, /is no problem/],
      [{ ...source, module: "missing.ts" }, /cannot load [^:]*missing\.ts: /],
    ] as const) {
      const executor = threads(1, wrong, { inlineBelow: 0 });
      await expect(executor.ask(batch("later", [1]))).rejects.toThrow(message);
      await executor.close();
    }
    await expect(two().ask(batch("later", [() => 1]))).rejects.toThrow(InvalidInput);
    expect(() => threads(0, source)).toThrow(/threads is 0/);
    expect(() => threads(1, source, { inlineBelow: -1 })).toThrow(/inlineBelow/);
  });

  it("finds the problem of a study that the module default-exports", async () => {
    const executor = threads(1, { module, fingerprint: study.problem.fingerprint }, { inlineBelow: 0 });
    const { solver, seed = 1, stop = {} } = study;
    const { result } = await run(solver, study.problem, { seed, stop, executor });
    expect(bits(result)).toBe(bits((await run(solver, study.problem, { seed, stop })).result));
    await executor.close();
  });

  it("answers a batch that is cheaper than a message in its own thread", async () => {
    const executor = threads(1, source);
    const cheap = () => executor.ask(batch("value", [Float64Array.of(1, 2)]));
    expect(cheap()).toBeInstanceOf(Promise);
    for (let i = 0; i < 50; i++) await cheap();
    expect(cheap()).toEqual([problem.value.answer(Float64Array.of(1, 2), undefined)]);
    await executor.close();
  });
});
