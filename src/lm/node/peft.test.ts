/** The other direction of the parity: an adapter that fpx wrote, in Python's peft. */
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it } from "vitest";
import { createRng } from "../../random/index.ts";
import { Graph } from "../graph/index.ts";
import { type Adapter, initAdapter, type LoraConfig, resolveLora } from "../lora.ts";
import { modelHead, modelShapes, modelTrunk } from "../models/model.ts";
import { readModel, writeAdapter } from "./model-files.ts";
import { onnxRuntimeNode } from "./onnx-runtime.ts";

const fixtures = join(import.meta.dirname, "../../../test/fixtures");
const python = process.env["FPX_PYTHON"] ?? "python3";
const hasPeft = spawnSync(python, ["-c", "import peft, torch, transformers"]).status === 0;

const SCRIPT = `
import json, sys, torch
from peft import PeftModel
from transformers import AutoModelForCausalLM
model, adapter, tokens = sys.argv[1], sys.argv[2], json.loads(sys.argv[3])
base = AutoModelForCausalLM.from_pretrained(model, dtype=torch.float32)
adapted = PeftModel.from_pretrained(base, adapter).eval()
with torch.no_grad():
    print(json.dumps(adapted(torch.tensor([tokens])).logits[0].flatten().tolist()))
`;

const tokens = [57, 77, 283, 226, 285, 284, 268];

const configs: Record<string, LoraConfig> = {
  "llama/untied": { rank: 4, alpha: 6, targets: ["q_proj", "o_proj", "up_proj", "lm_head"] },
  "families/qwen2": { rank: 2, alpha: 8, targets: ["k_proj", "v_proj", "down_proj"], rankStabilised: true },
  "families/qwen3": { rank: 3, alpha: 3, targets: ".*layers\\.1\\..*(q_proj|gate_proj)" },
  "families/gpt2": { rank: 2, alpha: 4, targets: ["c_attn", "c_fc", "mlp.c_proj"] },
};

it.runIf(hasPeft).each(Object.entries(configs))(
  "peft loads our adapter of %s (not run without FPX_PYTHON, a Python with peft)",
  async (name, config) => {
    const folder = join(fixtures, name);
    const model = await readModel(folder);
    const shapes = modelShapes(model.config);
    const lora = resolveLora(config, shapes);
    // B is zero in a fresh adapter; here every matrix counts.
    const weights = Object.fromEntries(
      Object.entries(initAdapter(lora, shapes, createRng(5))).map(([key, tensor], i) => {
        const data = new Float32Array(tensor.data.length);
        createRng(6).stream("adapter", 0, i).normals(data);
        return [key, { type: "float" as const, dims: tensor.dims, data: data.map((x) => 0.3 * x) }];
      }),
    );
    const adapter: Adapter = { config, weights };

    const graph = new Graph();
    const { hidden } = modelTrunk(
      model.config,
      { tokens: graph.input("tokens", "int32", ["batch", "sequence"]) },
      { lora },
    );
    const session = await (await onnxRuntimeNode({ threads: 1 })).load(
      { outputs: { logits: modelHead(model.config, hidden, { lora }) } },
      { weights: { ...model.weights, ...weights } },
    );
    const feeds = {
      tokens: { type: "int32", dims: [1, tokens.length], data: Int32Array.from(tokens) },
    } as const;
    const ours = (await session.run(feeds, { fetch: ["logits"] }))["logits"]!.data;
    await session.close();

    const written = mkdtempSync(join(tmpdir(), "fpx-peft-"));
    try {
      await writeAdapter(written, adapter, model);
      const { stdout, stderr, status } = spawnSync(
        python,
        ["-c", SCRIPT, folder, written, JSON.stringify(tokens)],
        { encoding: "utf8", maxBuffer: 2 ** 26 },
      );
      expect(status, stderr).toBe(0);
      const theirs = JSON.parse(stdout) as number[];
      expect(theirs.length).toBe(ours.length);
      const difference = Math.max(...theirs.map((logit, i) => Math.abs(logit - Number(ours[i]!))));
      expect(difference).toBeLessThan(1e-4);
    } finally {
      rmSync(written, { recursive: true, force: true });
    }
  },
);
