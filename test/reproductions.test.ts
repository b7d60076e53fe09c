import type { Problem } from "fpx";
import { describe, expect, it } from "vitest";
import { STYLE_BITS, STYLE_USERS } from "../experiments/edits/style-bits.ts";
import { rollout } from "../experiments/edits/style-rows.ts";
import { replicate } from "../experiments/inference/measure.ts";
import { answersOf } from "../experiments/reproduction.ts";
import { type Executor, inline, type Oracle, OracleFailure } from "../src/core/index.ts";
import { threads } from "../src/executors/index.ts";
import { loadReproduction, quickRun, rooms, rowOf } from "./support/reproductions.ts";

/** Rows of a second or less. */
const CHEAP: Readonly<Record<string, readonly string[]>> = {
  games: ["C1"],
  manifolds: ["E5", "E6"],
  "zeroth-order": ["Z3"],
  constraints: ["dominance", "antichain"],
};

describe.each(rooms)("the study of %s", (room) => {
  it("holds its oracles under their names, where workers look for them", async () => {
    const { fingerprint, ...oracles } = (await loadReproduction(room)).study.problem as Problem &
      Record<string, Oracle<never, unknown, never>>;
    expect(fingerprint).not.toBe("");
    expect(Object.values(oracles).map(({ name }) => name)).toEqual(Object.keys(oracles));
    expect(Object.keys(oracles).length).toBeGreaterThan(0);
  });
});

describe.each(Object.keys(CHEAP))("rows of %s", (room) => {
  it("find the same here and in threads, and tell the same progress", async () => {
    const { study, source } = await loadReproduction(room);
    const executor = threads(2, source, { inlineBelow: 0 });
    for (const id of CHEAP[room]!) {
      const row = rowOf(study, id);
      const here = await quickRun(row);
      expect(await quickRun(row, { executor })).toEqual(here);
      const total = here.told[0]![1];
      expect(here.told).toEqual(Array.from({ length: total + 1 }, (_, done) => [done, total]));
    }
    await executor.close();
  }, 120_000);
});

describe("questions of other rooms", () => {
  const progress = () => undefined;

  it("get the same answers here and in threads", async () => {
    const edits = threads(2, (await loadReproduction("edits")).source, { inlineBelow: 0 });
    const users = [4, 5].flatMap((seed) => STYLE_USERS.map((user) => ({ seed, user })));
    const small = { ...STYLE_BITS, edits: 40, steps: 10, episodes: 20 };
    expect(await answersOf({ executor: edits, progress }, rollout, users, small)).toEqual(
      await answersOf({ progress }, rollout, users, small),
    );
    await edits.close();
    const inference = threads(2, (await loadReproduction("inference")).source, { inlineBelow: 0 });
    const configuration = {
      world: { dimension: 3, model: "linear" },
      methods: ["plug-in", "random-scaling"],
      observations: 500,
    } as const;
    expect(await answersOf({ executor: inference, progress }, replicate, [7, 8, 9], configuration)).toEqual(
      await answersOf({ progress }, replicate, [7, 8, 9], configuration),
    );
    await inference.close();
  }, 120_000);
});

describe("answersOf", () => {
  const progress = () => undefined;
  const root: Oracle<number, number> = {
    name: "root",
    async answer(x) {
      if (x < 0) throw new RangeError("negative");
      return Math.sqrt(x);
    },
  };

  it.each([undefined, inline])("says which question failed, whoever answers", async (executor) => {
    const asking = answersOf({ executor, progress }, root, [4, -1, 9]);
    await expect(asking).rejects.toThrow(OracleFailure);
    await expect(asking).rejects.toMatchObject({ index: 1, cause: { message: "negative" } });
  });

  it("ends the other questions when one has failed", async () => {
    const ended: number[] = [];
    const executor: Executor = {
      ask({ questions: [x] }, signal) {
        if (x === 1) return Promise.reject(new OracleFailure("root", 0, new Error("lost")));
        return new Promise((_, reject) =>
          signal!.addEventListener("abort", () => {
            ended.push(x as number);
            reject(new Error("ended"));
          }),
        );
      },
      async close() {},
    };
    await expect(answersOf({ executor, progress }, root, [0, 1, 2])).rejects.toThrow("lost");
    expect(ended).toEqual([0, 2]);
  });

  it.each([undefined, inline])(
    "throws the reason of a stop, even from within a question",
    async (executor) => {
      const stop = new AbortController();
      const signal = stop.signal;
      const heeding: Oracle<number, number> = {
        name: "heeding",
        answer: (_x, _common, heeded) =>
          new Promise((_, reject) => {
            heeded!.addEventListener("abort", () => reject(heeded!.reason));
            stop.abort(new Error("enough"));
          }),
      };
      await expect(answersOf({ executor, signal, progress }, heeding, [1, 2])).rejects.toThrow(/^enough$/);
    },
  );
});
