/** The studies that ship as examples, one a room: what executors must answer with the same bits. */
import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { type Executor, encodeSnapshot, type Problem, run, type Study } from "../../src/core/index.ts";
import { loadModule } from "../../src/executors/index.ts";
import { root } from "./fpx.ts";

const folder = join(root, "samples/studies");

export const studies: readonly string[] = (await readdir(folder))
  .filter((file) => file.endsWith(".ts"))
  .map((file) => join(folder, file));

export const loadStudy = async (module: string): Promise<Study<Problem, unknown, unknown>> =>
  (await loadModule(module))["default"] as Study<Problem, unknown, unknown>;

/** State and journal after some steps, as text; a step of replications is many runs of something else. */
export async function bitsOf(
  { solver, problem }: Study<Problem, unknown, unknown>,
  seed: number,
  executor?: Executor,
): Promise<string> {
  const { snapshot } = await run(solver, problem, {
    seed,
    stop: { maxSteps: solver.name === "replications" ? 1 : 12 },
    ...(executor === undefined ? {} : { executor }),
  });
  return Buffer.from(encodeSnapshot(snapshot)).toString("base64");
}
