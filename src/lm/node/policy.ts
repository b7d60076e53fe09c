import { basename } from "node:path";
import { createPolicy, type ModelPolicy } from "../decoding/policy.ts";
import type { Adapter } from "../lora.ts";
import type { Runtime } from "../runtimes/runtime.ts";
import { readAdapter, readModel } from "./model-files.ts";
import { onnxRuntimeNode } from "./onnx-runtime.ts";

/** What a policy is loaded with. */
export interface LoadPolicyOptions {
  /** One adapter folder, known by its folder's name; it is in use from the start. */
  readonly adapter?: string;
  /** Adapter folders by name; the first is in use until told otherwise. */
  readonly adapters?: Readonly<Record<string, string>>;
  /** What runs the model. Default onnxruntime-node. */
  readonly runtime?: Runtime;
}

/**
 * Loads a model folder, with adapters, ready to answer.
 *
 * Throws `InvalidInput` when a folder is not what it should be, and `MissingDependency` when no runtime is given and
 * onnxruntime-node is not installed.
 *
 * @example
 * const policy = await loadPolicy("model", { adapter: "out/sft" });
 * const [draft] = await policy.generate(["Thank Ana for the report."], { maxNewTokens: 200 });
 * await policy.close();
 */
export async function loadPolicy(folder: string, options: LoadPolicyOptions = {}): Promise<ModelPolicy> {
  const runtime = options.runtime ?? (await onnxRuntimeNode());
  const model = await readModel(folder);
  const folders = {
    ...(options.adapter === undefined ? {} : { [basename(options.adapter)]: options.adapter }),
    ...options.adapters,
  };
  const adapters: Record<string, Adapter> = {};
  for (const [name, path] of Object.entries(folders)) adapters[name] = await readAdapter(path, model);
  return createPolicy(model, runtime, adapters);
}
