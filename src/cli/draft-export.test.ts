import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, it } from "vitest";
import { fpxHere } from "../../test/support/fpx.ts";
import { clearStale, markStale, recordDerived, staleness } from "../edits/node/index.ts";
import { exportOnnx, mergeAdapter } from "../lm/index.ts";
import { readAdapter, readModel } from "../lm/node/index.ts";
import { exportModel } from "./draft-export.ts";
import { derivedIn } from "./learn-folder.ts";

const fixtures = join(import.meta.dirname, "../../test/fixtures/families/gpt2");
const folders = { model: fixtures, adapter: join(fixtures, "adapter") };
const folder = mkdtempSync(join(tmpdir(), "fpx-export-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

it("writes base and adapter as one ONNX file", async () => {
  const file = join(folder, "model.onnx");
  await exportModel("onnx", file, folders);
  const model = await readModel(folders.model);
  const adapter = await readAdapter(folders.adapter, model);
  expect(readFileSync(file).equals(exportOnnx(model, { adapter }))).toBe(true);
});

it("writes base and adapter merged as a model folder", async () => {
  const out = join(folder, "merged");
  await exportModel("model", out, folders);
  const model = await readModel(folders.model);
  const written = await readModel(out);
  const merged = mergeAdapter(model.weights, await readAdapter(folders.adapter, model));
  expect(written.config).toEqual(model.config);
  for (const [name, { data }] of Object.entries(merged)) expect(written.weights[name]!.data).toEqual(data);
});

it("is found and marked when a person leaves the log that the adapter learned from", async () => {
  const log = join(folder, "edits.jsonl");
  const learned = join(folder, "learned");
  const adapter = join(learned, "adapters/sft");
  cpSync(folders.adapter, adapter, { recursive: true });
  writeFileSync(join(learned, "metrics.json"), "{}");
  await recordDerived(log, derivedIn(learned));
  const from = { model: folders.model, adapter };
  const [onnx, copy] = [join(folder, "copy.onnx"), join(folder, "copied")];
  await exportModel("onnx", onnx, from);
  await exportModel("model", copy, from);
  expect((await markStale(log, { removed: 1 })).map(({ path }) => path)).toEqual([learned, onnx, copy]);
  expect(await staleness(onnx)).toMatchObject({ removed: 1 });
  await expect(exportModel("onnx", onnx, from)).rejects.toThrow(/was forgotten on .*learn again/);
  const again = { model: copy, adapter: undefined };
  await expect(exportModel("onnx", onnx, again)).rejects.toThrow(/copied learned from a person/);
  // Learned again and exported again, it is fresh.
  await clearStale(learned);
  await exportModel("onnx", onnx, from);
  expect(await staleness(onnx)).toBeUndefined();
  expect(await staleness(copy)).toMatchObject({ removed: 1 });
  const warned = await fpxHere(["draft", "--model", copy, "--max-tokens", "1", "Ask Ann."]);
  expect(warned.stderr).toMatch(/copied learned from a person who was forgotten/);
});

it("says where it would write, and overwrites no folder", async () => {
  await expect(exportModel("onnx", undefined, folders)).rejects.toThrow("--export onnx needs --out");
  await expect(exportModel("model", undefined, folders)).rejects.toThrow("name the folder to write");
  writeFileSync(join(folder, "note"), "mine");
  await expect(exportModel("model", folder, folders)).rejects.toThrow("is not empty");
  await expect(exportModel("onnx", join(folder, "note", "x.onnx"), folders)).rejects.toThrow(
    /note is a file/,
  );
});
