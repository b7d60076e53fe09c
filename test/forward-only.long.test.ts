import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { measureForwardMemory } from "../bench/forward-memory.ts";
import { fpx } from "./support/fpx.ts";

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "fpx-forward-"));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

describe("training by forward passes", () => {
  it("in place takes less than a tenth of the parameters' bytes beyond inference", () => {
    const { parameters, parameterBytes, buffers, resident } = measureForwardMemory("forward");
    expect(parameters).toBeGreaterThan(30e6);
    expect(buffers / parameterBytes).toBeLessThan(0.1);
    // NaN where the system does not tell.
    expect(Number.isNaN(resident) || resident / parameterBytes < 0.1).toBe(true);
  });

  it("reaches 70 % of what backpropagation takes off the held-out loss, in at most 20,000 passes", async () => {
    const learn = async (...optimizer: string[]) => {
      const { code, stdout } = await fpx([
        "learn",
        "samples/mail/log.jsonl",
        "--model",
        "samples/mail/model",
        "--methods",
        "sft",
        "--episodes",
        "2",
        "--json",
        "--out",
        join(folder, optimizer.at(-1) ?? "adamw"),
        ...optimizer,
      ]);
      expect(code).toBe(0);
      const { scores } = JSON.parse(stdout);
      const nll = (name: string): number =>
        scores.find(({ policy }: { policy: string }) => policy === name).likelihood.nll;
      return nll("base") - nll("sft");
    };
    const back = await learn();
    const forward = await learn("--optimizer", "zeroth-order");
    process.stdout.write(
      `held-out loss lower by ${back.toFixed(4)} with backpropagation, by ${forward.toFixed(4)} with forward passes\n`,
    );
    expect(forward / back).toBeGreaterThan(0.7);
  });
});
