import { describe, expect, it } from "vitest";
import {
  type Asking,
  ask,
  askFolded,
  askTell,
  decodeSnapshot,
  type Executor,
  encodeSnapshot,
  InvalidInput,
  iterate,
  type Oracle,
  OracleFailure,
  type Problem,
  run,
  runSync,
  type Snapshot,
  SnapshotMismatch,
  type Solver,
} from "./index.ts";

interface Bowl extends Problem {
  readonly value: Oracle<Float64Array, number>;
}

interface Descent {
  readonly x: Float64Array;
  readonly t: number;
  readonly slope: number;
}

const shift = (x: Float64Array, a: number, v: Float64Array) => x.map((xi, i) => xi + a * v[i]!);

/** Two-point differences along random signs, two directions a step asked one after the other: two batches a step. */
function spsa(options: {
  readonly stepSize: number;
  readonly mu: number;
}): Solver<Bowl, Descent, Float64Array> {
  const { stepSize, mu } = options;
  return {
    name: "spsa",
    options,
    *init(problem) {
      const x = new Float64Array(4);
      const [slope] = yield* ask(problem.value, [x]);
      return { x, t: 0, slope: slope! };
    },
    *step(problem, { x, t }, rng): Asking<Descent> {
      let slope = 0;
      for (let k = 0; k < 2; k++) {
        const direction = rng.stream("direction", t, k).signs(new Float64Array(x.length));
        const [plus, minus] = yield* ask(problem.value, [shift(x, mu, direction), shift(x, -mu, direction)]);
        slope = (plus! - minus!) / (2 * mu);
        x = shift(x, -stepSize * slope, direction);
      }
      return { x, t: t + 1, slope };
    },
    metrics: ({ slope }) => ({ slope: Math.abs(slope) }),
    status: ({ slope }) => (Number.isFinite(slope) ? "running" : "diverged"),
    result: (_, { x }) => x,
  };
}

const bowlAt = (x: Float64Array) => x.reduce((sum, xi, i) => sum + (xi - i) ** 2, 0);
const bowl: Bowl = {
  fingerprint: "bowl@1",
  value: { name: "value", answer: bowlAt },
};
const solver = spsa({ stepSize: 0.05, mu: 1e-3 });
const steps = 60;
const options = { seed: 7, stop: { maxSteps: steps } } as const;
const bits = (x: Float64Array) => [...new BigUint64Array(x.buffer, x.byteOffset, x.length)].join();
const reference = runSync(solver, bowl, options);

/** Answers in reverse order, one at a time, as a slow cluster might. */
const backwards: Executor = {
  async ask({ oracle, questions, common }) {
    const answers = new Array<unknown>(questions.length);
    for (let i = questions.length - 1; i >= 0; i--) {
      await Promise.resolve();
      answers[i] = await oracle.answer(questions[i], common);
    }
    return answers;
  },
  async close() {},
};

describe("one solver, many drivers, the same bits", () => {
  it("moves and counts", () => {
    expect(reference.status).toBe("budget");
    expect(reference.steps).toBe(steps);
    expect(reference.calls).toBe(1 + 4 * steps);
    expect(Math.hypot(...reference.result.map((xi, i) => xi - i))).toBeLessThan(0.2);
  });

  it("by run, with inline, asynchronous and out-of-order answers", async () => {
    const asynchronous: Bowl = {
      ...bowl,
      value: { name: "value", answer: async (x) => bowl.value.answer(x, undefined) },
    };
    expect(bits((await run(solver, bowl, options)).result)).toBe(bits(reference.result));
    expect(bits((await run(solver, asynchronous, options)).result)).toBe(bits(reference.result));
    expect(bits((await run(solver, bowl, { ...options, executor: backwards })).result)).toBe(
      bits(reference.result),
    );
  });

  it("by askTell", () => {
    const manual = askTell(solver, bowl, options);
    while (manual.batch) manual.tell(manual.batch.questions.map((x) => bowlAt(x)));
    expect(bits(manual.outcome!.result)).toBe(bits(reference.result));
    expect(() => manual.tell([])).toThrow("has ended");
  });

  it("by iterate, which shows every step", async () => {
    const walk = iterate(solver, bowl, options);
    let seen = 0;
    let turn = await walk.next();
    for (; !turn.done; turn = await walk.next()) expect(turn.value.step).toBe(++seen);
    expect(seen).toBe(steps);
    expect(bits(turn.value.result)).toBe(bits(reference.result));
  });

  it("after a stop at every step and a resume from the snapshot's bytes", () => {
    for (let stop = 0; stop <= steps; stop++) {
      const { snapshot } = runSync(solver, bowl, { seed: 7, stop: { maxSteps: stop } });
      const from = decodeSnapshot(encodeSnapshot(snapshot)) as Snapshot<Descent>;
      const resumed = runSync(solver, bowl, { ...options, from });
      expect(bits(resumed.result)).toBe(bits(reference.result));
      expect(resumed.calls).toBe(reference.calls);
    }
  });

  it("after a stop inside a step, without asking again what was answered", () => {
    for (let maxCalls = 1; maxCalls < 40; maxCalls++) {
      const stopped = runSync(solver, bowl, { seed: 7, stop: { maxCalls } });
      expect(stopped.status).toBe("budget");
      expect(stopped.calls).toBeLessThanOrEqual(maxCalls);
      expect(stopped.calls).toBe(1 + 2 * Math.floor((maxCalls - 1) / 2));
      const from = decodeSnapshot(encodeSnapshot(stopped.snapshot)) as Snapshot<Descent>;
      let asked = 0;
      const counting: Bowl = {
        ...bowl,
        value: {
          name: "value",
          answer(x) {
            asked++;
            return bowl.value.answer(x, undefined);
          },
        },
      };
      const resumed = runSync(solver, counting, { ...options, from });
      expect(bits(resumed.result)).toBe(bits(reference.result));
      expect(asked).toBe(reference.calls - stopped.calls);
    }
  });

  it("after an abort in the middle of a step", async () => {
    for (const at of [1, 2, 3, 10, 31]) {
      const controller = new AbortController();
      let asked = 0;
      const aborting: Bowl = {
        ...bowl,
        value: {
          name: "value",
          answer(x) {
            if (++asked === 4 * at) controller.abort();
            return bowl.value.answer(x, undefined);
          },
        },
      };
      const stopped = await run(solver, aborting, { ...options, signal: controller.signal });
      expect(stopped.status).toBe("cancelled");
      expect(bits(runSync(solver, bowl, { ...options, from: stopped.snapshot }).result)).toBe(
        bits(reference.result),
      );
    }
  });
});

describe("the driver", () => {
  it("stops at a tolerance and names an unknown metric", () => {
    const stop = { tolerance: { metric: "slope", below: 0.5 } };
    const { status, snapshot } = runSync(solver, bowl, { seed: 7, stop });
    expect(status).toBe("converged");
    expect(Math.abs(snapshot.state!.slope)).toBeLessThanOrEqual(0.5);
    const wrong = { tolerance: { metric: "gap", below: 1 } };
    expect(() => runSync(solver, bowl, { seed: 7, stop: wrong })).toThrow(
      '"gap" is no metric of spsa: use one of slope',
    );
  });

  it("marks a result as not reproducible when the clock ended it", () => {
    const slow: Bowl = {
      ...bowl,
      value: {
        name: "value",
        answer(x) {
          for (const until = performance.now() + 2; performance.now() < until; );
          return bowl.value.answer(x, undefined);
        },
      },
    };
    const { status, reproducible } = runSync(solver, slow, { seed: 7, stop: { maxSeconds: 0.03 } });
    expect(status).toBe("budget");
    expect(reproducible).toBe(false);
    expect(reference.reproducible).toBe(true);
  });

  it("reports divergence", () => {
    const cliff: Bowl = { ...bowl, value: { name: "value", answer: () => Number.NaN } };
    expect(runSync(solver, cliff, options).status).toBe("diverged");
  });

  it("wraps what an oracle throws, with the question's index, and saves the answers before it", async () => {
    let asked = 0;
    const broken: Bowl = {
      ...bowl,
      value: {
        name: "value",
        answer(x) {
          if (++asked === 11) throw new RangeError("no luck");
          return bowl.value.answer(x, undefined);
        },
      },
    };
    const saved: Uint8Array[] = [];
    const snapshots = { save: (snapshot: Snapshot) => void saved.push(encodeSnapshot(snapshot)) };
    const failure = await run(solver, broken, { ...options, snapshots }).catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(OracleFailure);
    expect(failure).toMatchObject({ code: "ORACLE_FAILURE", oracle: "value", index: 1 });
    expect((failure as OracleFailure).cause).toBeInstanceOf(RangeError);
    const from = decodeSnapshot(saved.at(-1)!) as Snapshot<Descent>;
    expect(bits(runSync(solver, bowl, { ...options, from }).result)).toBe(bits(reference.result));
  });

  it("saves snapshots on schedule, each of which resumes to the same bits", () => {
    const saved: Snapshot<Descent>[] = [];
    const snapshots = {
      everySteps: 7,
      save: (snapshot: Snapshot) => void saved.push(structuredClone(snapshot) as Snapshot<Descent>),
    };
    runSync(solver, bowl, { ...options, snapshots });
    expect(saved.map(({ step }) => step)).toEqual([7, 14, 21, 28, 35, 42, 49, 56, 60]);
    for (const from of saved)
      expect(bits(runSync(solver, bowl, { ...options, from }).result)).toBe(bits(reference.result));
  });

  it("refuses asynchronous oracles in runSync, by name", () => {
    const asynchronous: Bowl = { ...bowl, value: { name: "value", answer: async () => 0 } };
    expect(() => runSync(solver, asynchronous, options)).toThrow(InvalidInput);
    expect(() => runSync(solver, asynchronous, options)).toThrow('"value" is asynchronous: use run');
  });

  it("refuses a snapshot of another solver, problem, option or seed, and says which", () => {
    const from = reference.snapshot;
    const attempts: [string, () => unknown][] = [
      ["solver", () => runSync({ ...solver, name: "other" }, bowl, { ...options, from })],
      ["options", () => runSync(spsa({ stepSize: 0.1, mu: 1e-3 }), bowl, { ...options, from })],
      ["problem", () => runSync(solver, { ...bowl, fingerprint: "bowl@2" }, { ...options, from })],
      ["seed", () => runSync(solver, bowl, { ...options, seed: 8, from })],
    ];
    for (const [field, attempt] of attempts) {
      expect(attempt).toThrow(SnapshotMismatch);
      expect(attempt).toThrow(`the snapshot's ${field} is`);
    }
  });

  it("refuses stop rules that cannot be meant", () => {
    for (const stop of [{ maxSteps: -1 }, { maxCalls: 1.5 }, { maxSeconds: Number.NaN }])
      expect(() => runSync(solver, bowl, { seed: 7, stop })).toThrow(InvalidInput);
    expect(() => runSync(solver, bowl, { seed: 7, stop: { maxCalls: 0 } })).toThrow("larger budget");
  });

  it("folds answers over fixed blocks and hands over the common part", async () => {
    const sums: Oracle<number, number, { scale: number }> & { fold(answers: readonly number[]): number } = {
      name: "sums",
      answer: (q, { scale }) => q * scale,
      fold: (answers) => answers.reduce((a, b) => a + b),
    };
    const folding: Solver<Problem & { sums: typeof sums }, { got: readonly number[] }, readonly number[]> = {
      name: "folding",
      *init(problem) {
        return { got: yield* askFolded(problem.sums, [1, 2, 3, 4, 5], 2, { scale: 10 }) };
      },
      *step(_, state) {
        return state;
      },
      metrics: () => ({}),
      status: () => "converged",
      result: (_, { got }) => got,
    };
    const problem = { fingerprint: "", sums };
    expect(runSync(folding, problem, { seed: 1 }).result).toEqual([30, 70, 50]);
    const manual = askTell(folding, problem, { seed: 1 });
    expect(() => manual.tell([1, 2])).toThrow("2 answers for 3 questions");
  });

  it("moves a resident state out for snapshots and back in on resume", async () => {
    const resident = (): Problem & { memory: Oracle<{ op: string; value?: number }, number> } => {
      let value = Number.NaN;
      return {
        fingerprint: "resident",
        memory: {
          name: "memory",
          answer(question) {
            if (question.op === "write") value = question.value!;
            if (question.op === "add") value += question.value!;
            return value;
          },
        },
      };
    };
    type Resident = ReturnType<typeof resident>;
    interface Counter {
      readonly t: number;
      readonly value: number | null;
    }
    const counter: Solver<Resident, Counter, number> = {
      name: "counter",
      *init(problem) {
        yield* ask(problem.memory, [{ op: "write", value: 0 }]);
        return { t: 0, value: null };
      },
      *step(problem, { t }) {
        yield* ask(problem.memory, [{ op: "add", value: t }]);
        yield* ask(problem.memory, [{ op: "add", value: 1 }]);
        return { t: t + 1, value: null };
      },
      *attach(problem, state) {
        yield* ask(problem.memory, [{ op: "write", value: state.value! }]);
        return { ...state, value: null };
      },
      *detach(problem, state) {
        const [value] = yield* ask(problem.memory, [{ op: "read" }]);
        return { ...state, value: value! };
      },
      metrics: ({ t }) => ({ t }),
      status: () => "running",
      result: (_, { value }) => value!,
    };
    const whole = runSync(counter, resident(), { seed: 1, stop: { maxSteps: 20 } });
    expect(whole.result).toBe((19 * 20) / 2 + 20);
    for (const maxCalls of [1, 2, 3, 8, 9, 10, 31]) {
      const stopped = runSync(counter, resident(), { seed: 1, stop: { maxCalls } });
      expect(stopped.snapshot.journal).toEqual([]);
      const resumed = await run(counter, resident(), {
        seed: 1,
        stop: { maxSteps: 20 },
        from: stopped.snapshot,
      });
      expect(resumed.result).toBe(whole.result);
    }
  });
});
