import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, it } from "vitest";
import { exportOnnx, mergeAdapter } from "../lm/index.ts";
import { readAdapter, readModel } from "../lm/node/index.ts";
import { exportModel } from "./draft-export.ts";

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

it("says where it would write, and overwrites no folder", async () => {
  await expect(exportModel("onnx", undefined, folders)).rejects.toThrow("--export onnx needs --out");
  await expect(exportModel("model", undefined, folders)).rejects.toThrow("name the folder to write");
  writeFileSync(join(folder, "note"), "mine");
  await expect(exportModel("model", folder, folders)).rejects.toThrow("is not empty");
  await expect(exportModel("onnx", join(folder, "note", "x.onnx"), folders)).rejects.toThrow(
    /note is a file/,
  );
});
