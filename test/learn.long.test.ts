import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { fpx } from "./support/fpx.ts";

const model = "samples/mail/model";
let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "fpx-wishes-"));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

describe("learning from edits, fresh wishes and contexts", () => {
  for (const seed of [1, 2, 3, 4, 5])
    it(`closes at least 60 % of the distance to a policy that knows the wishes, seed ${seed}`, async () => {
      const log = join(folder, `${seed}.jsonl`);
      const out = join(folder, `${seed}`);
      expect(
        (await fpx(["edits", "simulate", "--model", model, "--seed", `${seed}`, "--out", log])).code,
      ).toBe(0);
      const options = [
        "--model",
        model,
        "--methods",
        "sft,early",
        "--seed",
        `${seed}`,
        "--out",
        out,
        "--json",
      ];
      const { code, stdout } = await fpx(["learn", log, ...options]);
      expect(code).toBe(0);
      const scores = new Map(
        JSON.parse(stdout).scores.map(
          (score: { policy: string; episodes: { gapClosed: number; cost: { mean: number } } }) => [
            score.policy,
            score.episodes,
          ],
        ),
      ) as Map<string, { gapClosed: number; cost: { mean: number } }>;
      const closed = [...scores].map(
        ([policy, { gapClosed }]) => `${policy} ${(100 * gapClosed).toFixed(0)} %`,
      );
      process.stdout.write(`seed ${seed}: gap closed by ${closed.join(", ")}\n`);
      for (const method of ["sft", "early"]) {
        expect(scores.get(method)!.gapClosed).toBeGreaterThan(0.6);
        expect(scores.get(method)!.cost.mean).toBeLessThan(scores.get("copy")!.cost.mean);
      }
    });
});
