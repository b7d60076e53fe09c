import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { grinder, problem } from "../../test/fixtures/executors/bowl.ts";
import { fpx, root } from "../../test/support/fpx.ts";
import { runSync } from "../core/index.ts";

const bowl = join(root, "test/fixtures/executors/bowl.ts");
const grind = join(root, "test/fixtures/executors/grind.ts");
let dir: string;
let db: string;

beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), "fpx-run-"));
  db = join(dir, "fpx.db");
});
afterAll(() => rm(dir, { recursive: true, force: true }));

const study = (...args: string[]) => fpx(["run", ...args, "--db", db]);

describe("fpx run", () => {
  it("gives the same outcome here and in threads, and goes on where it stopped", async () => {
    const here = await study(bowl, "--json", "--max-steps", "12");
    const apart = await study(bowl, "--json", "--max-steps", "12", "--threads", "2");
    const [a, b] = [here, apart].map(({ stdout }) => JSON.parse(stdout) as Record<string, unknown>);
    expect(a).toMatchObject({ study: "bowl", seed: 7, status: "budget", steps: 12, reproducible: true });
    expect(b!["result"]).toEqual(a!["result"]);
    expect(b!["id"]).not.toBe(a!["id"]);
    const more = await study("--resume", String(a!["id"]), "--json");
    const whole = await study(bowl, "--json");
    const [resumed, once] = [more, whole].map(({ stdout }) => JSON.parse(stdout) as Record<string, unknown>);
    expect(resumed).toMatchObject({
      id: a!["id"],
      steps: 20,
      result: once!["result"],
      calls: once!["calls"],
    });
  });

  it("keeps what was reached when it is interrupted", async () => {
    const stopped = await fpx(["run", grind, "--db", db], /grind|run \w+\n/);
    expect(stopped.code).toBe(130);
    const id = /run (\w+)/.exec(stopped.stderr)![1]!;
    const ended = await study("--resume", id, "--json", "--max-steps", "4");
    const { result, steps } = JSON.parse(ended.stdout) as Record<string, unknown>;
    const solver = grinder({ questions: 24, milliseconds: 10 });
    const quiet = runSync(solver, problem, { seed: 3, stop: { maxSteps: Number(steps) } });
    expect(result).toBe(quiet.result);
  });

  it("says what is wrong with what it is given", async () => {
    await writeFile(join(dir, "no-study.ts"), "export default { name: 'x' };\n");
    await writeFile(join(dir, "typo.ts"), "export default {\n  name: 'x'\n  solver: 1 };\n");
    await writeFile(join(dir, "throws.ts"), "const bowl = null as never as { x: number };\n\nbowl.x;\n");
    const id = (JSON.parse((await study(bowl, "--json")).stdout) as { id: string }).id;
    for (const [args, code, text] of [
      [[], 2, /name the module of the study/],
      [[join(dir, "gone.ts")], 1, /cannot load .*gone\.ts/],
      [[join(dir, "typo.ts")], 1, /cannot load [^:]*typo\.ts: .*Unexpected token.*\([^()]*typo\.ts:3:\d+\)/],
      [[join(dir, "throws.ts")], 1, /Cannot read .*'x'.*\([^()]*throws\.ts:3:\d+\)/],
      [[join(dir, "no-study.ts")], 1, /no-study\.ts is no study: write export default defineStudy/],
      [["--resume", "nothing"], 1, /no run nothing/],
      [["--resume", id, "--seed", "8"], 2, /has the seed 7/],
      [["--resume", id, grind], 1, /snapshot's solver is walk/],
      [[bowl, "--threads", "2", "--cluster", "redis://x"], 2, /exclude each other/],
      [[bowl, "--threads", "0"], 2, /at least 1/],
      [[bowl, "--cluster", "localhost"], 1, /redis:\/\//],
      [[bowl, "--cluster", "redis://127.0.0.1:1"], 1, /cannot use Redis at 127\.0\.0\.1:1/],
    ] as const) {
      const ended = await study(...args);
      expect(ended.stderr).toMatch(text);
      expect(ended.code).toBe(code);
    }
  });
});
