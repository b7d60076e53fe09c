/** `fpx draft --export`: a base model with what was learned merged in, for other programs. */
import { readdir } from "node:fs/promises";
import { dirname } from "node:path";
import { writeFileAtomic } from "../core/node/index.ts";
import { exportOnnx, mergeAdapter } from "../lm/index.ts";
import { readAdapter, readModel, writeModel } from "../lm/node/index.ts";
import { fileError, UsageError } from "./errors.ts";
import { makeOutputFolder } from "./learn-folder.ts";

/** `onnx`: one file of standard operators, with the cache as inputs and outputs. `model`: a Hugging Face folder. */
export const exportForms = ["onnx", "model"] as const;
export type ExportForm = (typeof exportForms)[number];

/**
 * Writes the model, with an adapter merged in, to `out`. Throws `UsageError` when `out` is missing, or a folder that holds
 * something already; file errors name the path.
 */
export async function exportModel(
  form: ExportForm,
  out: string | undefined,
  folders: { readonly model: string; readonly adapter: string | undefined },
): Promise<void> {
  if (out === undefined)
    throw new UsageError(
      `--export ${form} needs --out: name the ${form === "onnx" ? "file" : "folder"} to write`,
    );
  await makeOutputFolder(form === "onnx" ? dirname(out) : out);
  if (form === "model" && (await readdir(out)).length > 0)
    throw new UsageError(`${out} is not empty: name a new folder for --out`);
  const model = await readModel(folders.model);
  const adapter = folders.adapter === undefined ? undefined : await readAdapter(folders.adapter, model);
  try {
    if (form === "onnx")
      await writeFileAtomic(out, exportOnnx(model, adapter === undefined ? {} : { adapter }));
    else {
      const weights = adapter === undefined ? model.weights : mergeAdapter(model.weights, adapter);
      await writeModel(out, { ...model, weights });
    }
  } catch (error) {
    throw fileError(out, error);
  }
}
