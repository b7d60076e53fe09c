/** `fpx draft --export`: a base model with what was learned merged in, for other programs. */
import { readdir } from "node:fs/promises";
import { dirname } from "node:path";
import { writeFileAtomic } from "../core/node/index.ts";
import { clearStale, recordDerived, type Staleness, staleness } from "../edits/node/index.ts";
import { exportOnnx, mergeAdapter } from "../lm/index.ts";
import { readAdapter, readModel, writeModel } from "../lm/node/index.ts";
import { fileError, UsageError } from "./errors.ts";
import { learnFolderOf, makeOutputFolder, staleAdapter } from "./learn-folder.ts";

/** `onnx`: one file of standard operators, with the cache as inputs and outputs. `model`: a Hugging Face folder. */
export const exportForms = ["onnx", "model"] as const;
export type ExportForm = (typeof exportForms)[number];

/**
 * Writes the model, with an adapter merged in, to `out`. What `fpx learn` made of a log notes that in its folder, so that
 * forgetting a person finds the copy. Throws `UsageError` when `out` is missing, or a folder that holds something already,
 * and when the adapter learned from a person who was forgotten since; file errors name the path.
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
  const refuse = (folder: string, stale: Staleness | undefined) => {
    if (stale !== undefined)
      throw new UsageError(
        `${folder} learned from a person who was forgotten on ${stale.since}: learn again by fpx learn before it is copied`,
      );
  };
  refuse(folders.model, await staleness(folders.model));
  if (folders.adapter !== undefined) refuse(folders.adapter, await staleAdapter(folders.adapter));
  const model = await readModel(folders.model);
  const adapter = folders.adapter === undefined ? undefined : await readAdapter(folders.adapter, model);
  try {
    const learned = folders.adapter === undefined ? undefined : await learnFolderOf(folders.adapter);
    if (learned !== undefined) await recordDerived(learned, [{ kind: "policy", path: out }]);
    if (form === "onnx")
      await writeFileAtomic(out, exportOnnx(model, adapter === undefined ? {} : { adapter }));
    else {
      const weights = adapter === undefined ? model.weights : mergeAdapter(model.weights, adapter);
      await writeModel(out, { ...model, weights });
    }
    await clearStale(out);
  } catch (error) {
    throw fileError(out, error);
  }
}
