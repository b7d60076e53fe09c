/** The policies that a server writes with: a base model and what was learned. */
import { readdir } from "node:fs/promises";
import { basename, join } from "node:path";
import { loadPolicy, onnxRuntimeNode } from "../lm/node/index.ts";
import type { Drafter } from "../server/index.ts";
import { type Store, savePolicy } from "../store/index.ts";
import { findAdapter } from "./learn-folder.ts";

/** Who writes, by name, and how to end it. */
export interface LoadedDrafters {
  readonly drafters: Readonly<Record<string, Drafter>>;
  close(): Promise<void>;
}

/** The base model under the name "base", and each adapter of a folder of `fpx learn` under its method's name. */
export async function loadDrafters(
  store: Store,
  model: string | undefined,
  adapter: string | undefined,
): Promise<LoadedDrafters> {
  if (model === undefined) return { drafters: {}, close: async () => undefined };
  const adapters = adapter === undefined ? {} : await adapterFolders(adapter);
  const policy = await loadPolicy(model, { runtime: await onnxRuntimeNode(), adapters });
  const maxNewTokens = Math.ceil(policy.model.config.maximumPositions / 2);
  const drafter = (name: string | null): Drafter => ({
    kind: name === null ? "model" : "adapter",
    async draft(context, signal) {
      const [generation] = await policy.generate([context], { adapter: name, maxNewTokens, signal });
      return generation!.text;
    },
  });
  const drafters: Record<string, Drafter> = { base: drafter(null) };
  await savePolicy(store, { name: "base", kind: "model", details: { model } });
  for (const [name, folder] of Object.entries(adapters)) {
    drafters[name] = drafter(name);
    await savePolicy(store, { name, kind: "adapter", details: { model, adapter: folder } });
  }
  return { drafters, close: () => policy.close() };
}

async function adapterFolders(path: string): Promise<Record<string, string>> {
  const one = await findAdapter(path, undefined);
  if (one === path) return { [basename(path)]: path };
  const names = (await readdir(join(path, "adapters"))).sort();
  return Object.fromEntries(names.map((name) => [name, join(path, "adapters", name)]));
}
