/**
 * Model and adapter folders as Hugging Face's libraries lay them out: `config.json`, `model.safetensors` (or its
 * shards and `model.safetensors.index.json`), `tokenizer.json`, `tokenizer_config.json`, `generation_config.json`;
 * `adapter_config.json` and `adapter_model.safetensors`. Files are written so that a crash leaves no half of one.
 */

import { createHash } from "node:crypto";
import { type FileHandle, open, readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import { InvalidInput } from "../../core/errors.ts";
import { writeFileAtomic } from "../../core/node/index.ts";
import {
  checkVocabulary,
  checkWeights,
  floatTensor,
  type LanguageModel,
} from "../checkpoints/language-model.ts";
import {
  decodeTensor,
  readSafetensorsHeader,
  type SafetensorsFile,
  type StoredTensor,
  safetensorsHeaderLength,
  writeSafetensors,
} from "../checkpoints/safetensors.ts";
import { type Adapter, checkAdapter, type LoraConfig } from "../lora.ts";
import { isConv1d } from "../models/gpt2.ts";
import { type ModelConfig, modelShapes, readModelConfig, writeModelConfig } from "../models/model.ts";
import type { TensorData, Tensors } from "../runtimes/runtime.ts";
import { loadTokenizer, type Tokenizer } from "../tokenizers/tokenizer.ts";

type Json = Readonly<Record<string, unknown>>;

/**
 * Reads a model folder.
 *
 * Throws `InvalidInput` when a file is missing or damaged, or the files do not belong together.
 *
 * @example const model = await readModel("samples/mail/model");
 */
export async function readModel(folder: string): Promise<LanguageModel> {
  await requireFolder(folder, "model");
  const configPath = join(folder, "config.json");
  const config = readModelConfig(
    await readJson(configPath, `${folder} has no config.json; give the folder of a model`),
    configPath,
  );
  const tokenizer = await readTokenizer(folder);
  checkVocabulary(config, tokenizer, folder);
  const weights = checkWeights(config, fromStored(config, await readWeights(folder)), folder);
  const generation = await readOptionalJson(join(folder, "generation_config.json"));
  const named = generation["eos_token_id"];
  const ends = (Array.isArray(named) ? named : [named]).filter((id): id is number =>
    Number.isSafeInteger(id),
  );
  return { config, tokenizer, weights, stopTokens: [...new Set([tokenizer.eos, ...ends])] };
}

/** Reads `tokenizer.json`, `tokenizer_config.json` and, where there is one, `chat_template.jinja` of a folder. Throws `InvalidInput` when one is missing or unfit. */
export async function readTokenizer(folder: string): Promise<Tokenizer> {
  const missing = (file: string): string => `${folder} has no ${file}; put the model's ${file} there`;
  const [json, config] = await Promise.all(
    ["tokenizer.json", "tokenizer_config.json"].map((file) => readJson(join(folder, file), missing(file))),
  );
  const template = join(folder, "chat_template.jinja");
  const chat = (await exists(template)) ? { chat_template: await readFile(template, "utf8") } : {};
  return loadTokenizer({ json: json!, config: { ...config!, ...chat } }, folder);
}

/**
 * Writes a model folder that `readModel` and Python's `transformers` read. `dtype` is how the weights are stored:
 * F32 (default), or F16 or BF16, which round them.
 *
 * Throws the system's error when the folder cannot be written.
 */
export async function writeModel(
  folder: string,
  model: LanguageModel,
  { dtype = "F32" }: { readonly dtype?: "F32" | "F16" | "BF16" } = {},
): Promise<void> {
  const { tokenizer, stopTokens } = model;
  const { json, config } = tokenizer.definition;
  await writeTensors(join(folder, "model.safetensors"), toStored(model.config, model.weights), dtype, {});
  await writeFileAtomic(join(folder, "tokenizer.json"), `${JSON.stringify(json)}\n`);
  await writeJson(join(folder, "tokenizer_config.json"), config);
  await writeJson(join(folder, "generation_config.json"), {
    bos_token_id: tokenizer.bos ?? null,
    eos_token_id: stopTokens.length === 1 ? stopTokens[0] : stopTokens,
    pad_token_id: tokenizer.pad,
  });
  await writeJson(join(folder, "config.json"), writeModelConfig(model.config, tokenizer, dtype));
}

/**
 * Reads an adapter folder, as fpx or Python's `peft` wrote it, and checks that it fits the model.
 *
 * Throws `InvalidInput` when a file is missing or damaged, the adapter uses what fpx does not support, or it was
 * made for other weights.
 */
export async function readAdapter(folder: string, model: LanguageModel): Promise<Adapter> {
  await requireFolder(folder, "adapter");
  const configPath = join(folder, "adapter_config.json");
  const json = await readJson(
    configPath,
    `${folder} has no adapter_config.json; give the folder of an adapter`,
  );
  const path = join(folder, "adapter_model.safetensors");
  const { tensors, metadata } = await readTensors(
    path,
    `${folder} has no adapter_model.safetensors; train it again`,
  );
  const base = json["base_model_name_or_path"];
  const adapter: Adapter = {
    config: readLoraConfig(json, configPath),
    weights: floats(tensors, path),
    ...(typeof base === "string" ? { base } : {}),
  };
  checkAdapter(adapter, modelShapes(model.config), folder);
  const trainedOn = metadata["fpx_base_sha256"];
  if (trainedOn !== undefined && trainedOn !== weightsDigest(model.weights)) {
    throw new InvalidInput(
      `${folder} was trained on other weights${adapter.base === undefined ? "" : ` (${adapter.base})`}; use that base model, or train again`,
    );
  }
  return adapter;
}

/**
 * Writes an adapter folder that `readAdapter` and Python's `peft` read; the file remembers a digest of the base
 * model's weights. Throws the system's error when the folder cannot be written.
 */
export async function writeAdapter(folder: string, adapter: Adapter, model: LanguageModel): Promise<void> {
  checkAdapter(adapter, modelShapes(model.config));
  const { rank, alpha, targets, rankStabilised = false } = adapter.config;
  const digest = { fpx_base_sha256: weightsDigest(model.weights) };
  await writeTensors(join(folder, "adapter_model.safetensors"), adapter.weights, "F32", digest);
  await writeJson(join(folder, "adapter_config.json"), {
    peft_type: "LORA",
    task_type: "CAUSAL_LM",
    base_model_name_or_path: adapter.base ?? null,
    r: rank,
    lora_alpha: alpha,
    target_modules: targets,
    use_rslora: rankStabilised,
    lora_dropout: 0,
    bias: "none",
    fan_in_fan_out: model.config.family === "gpt2",
    init_lora_weights: true,
    inference_mode: true,
    modules_to_save: null,
    rank_pattern: {},
    alpha_pattern: {},
  });
}

/** SHA-256 over all weights' names, shapes and float32 values, in the order of their names. */
export function weightsDigest(weights: Tensors): string {
  const hash = createHash("sha256");
  for (const name of Object.keys(weights).sort()) {
    const { dims, data } = weights[name]!;
    hash.update(`${name}[${dims}]`);
    hash.update(new Uint8Array(data.buffer, data.byteOffset, data.byteLength));
  }
  return hash.digest("hex");
}

/** Weights as fpx holds them: matrices [out, in]; GPT-2 checkpoints have [in, out], some without the trunk's name. */
function fromStored(config: ModelConfig, stored: Tensors): Tensors {
  if (config.family !== "gpt2") return stored;
  const entries = Object.entries(stored).map(([name, tensor]) => {
    const full = name.startsWith("transformer.") || name === "lm_head.weight" ? name : `transformer.${name}`;
    return [full, isConv1d(full) ? transposed(tensor) : tensor] as const;
  });
  return Object.fromEntries(entries);
}

/** Weights as a checkpoint holds them; undoes `fromStored`. */
function toStored(config: ModelConfig, weights: Tensors): Tensors {
  if (config.family !== "gpt2") return weights;
  const entries = Object.entries(weights).map(
    ([name, tensor]) => [name, isConv1d(name) ? transposed(tensor) : tensor] as const,
  );
  return Object.fromEntries(entries);
}

function transposed({ dims, data }: TensorData): TensorData {
  const [rows, columns] = dims as readonly [number, number];
  const turned = new Float32Array(data.length);
  for (let i = 0; i < rows; i++) {
    for (let j = 0; j < columns; j++) turned[j * rows + i] = Number(data[i * columns + j]!);
  }
  return { type: "float", dims: [columns, rows], data: turned };
}

async function readWeights(folder: string): Promise<Tensors> {
  const index = join(folder, "model.safetensors.index.json");
  const whole = join(folder, "model.safetensors");
  if (await exists(whole)) return floats((await readTensors(whole, whole)).tensors, whole);
  if (!(await exists(index))) {
    throw new InvalidInput(
      `${folder} has no weights: neither model.safetensors nor model.safetensors.index.json; put the model's weights there`,
    );
  }
  const { weight_map: map } = await readJson(index, index);
  if (typeof map !== "object" || map === null)
    throw new InvalidInput(`${index} has no weight_map; fetch it again`);
  const all: Record<string, TensorData> = {};
  for (const shard of new Set(Object.values(map as Json))) {
    if (typeof shard !== "string" || /[\\/]/.test(shard)) {
      throw new InvalidInput(
        `${index} names a shard ${JSON.stringify(shard)} that is no file name; fetch it again`,
      );
    }
    const path = join(folder, shard);
    const missing = `${folder} has no ${shard}, which model.safetensors.index.json names; fetch it again`;
    Object.assign(all, floats((await readTensors(path, missing)).tensors, path));
  }
  for (const name of Object.keys(map)) {
    if (!Object.hasOwn(all, name))
      throw new InvalidInput(`${index} names "${name}", which no shard holds; fetch it again`);
  }
  return all;
}

/** Reads tensors one by one, so that no more than one is in memory twice. */
async function readTensors(path: string, missing: string): Promise<SafetensorsFile> {
  const file = await openFile(path, missing);
  try {
    const { size } = await file.stat();
    const length = safetensorsHeaderLength(await readRange(file, 0, Math.min(8, size), path), size, path);
    const header = readSafetensorsHeader(await readRange(file, 0, length, path), size, path);
    const tensors = new Map<string, StoredTensor>();
    for (const [name, entry] of header.entries) {
      const bytes = await readRange(file, header.dataStart + entry.begin, entry.end - entry.begin, path);
      tensors.set(name, decodeTensor(entry, bytes, `${path}, tensor "${name}"`));
    }
    return { tensors, metadata: header.metadata };
  } finally {
    await file.close();
  }
}

async function readRange(file: FileHandle, start: number, length: number, path: string): Promise<Uint8Array> {
  const bytes = new Uint8Array(length);
  for (let done = 0; done < length; ) {
    const step = Math.min(length - done, 2 ** 30);
    const { bytesRead } = await file.read(bytes, done, step, start + done);
    if (bytesRead === 0)
      throw new InvalidInput(`${path} ends before byte ${start + length}; fetch the file again`);
    done += bytesRead;
  }
  return bytes;
}

async function writeTensors(
  path: string,
  tensors: Tensors,
  dtype: "F32" | "F16" | "BF16",
  metadata: Readonly<Record<string, string>>,
): Promise<void> {
  const stored = Object.entries(tensors).map(([name, { dims, data }]): [string, StoredTensor] => {
    const floats = data instanceof Float32Array ? data : Float32Array.from(data as Float64Array);
    return [name, { dtype, shape: dims, data: floats }];
  });
  await writeFileAtomic(path, writeSafetensors(stored, { metadata: { format: "pt", ...metadata } }));
}

function floats(tensors: ReadonlyMap<string, StoredTensor>, path: string): Tensors {
  const entries = [...tensors].map(
    ([name, tensor]) => [name, floatTensor(tensor, `${path}, tensor "${name}"`)] as const,
  );
  return Object.fromEntries(entries);
}

function readLoraConfig(json: Json, source: string): LoraConfig {
  if (json["peft_type"] !== "LORA") {
    throw new InvalidInput(
      `${source} is of type ${JSON.stringify(json["peft_type"])}; fpx reads adapters of type "LORA"`,
    );
  }
  const isPlain = (value: unknown): boolean =>
    value == null || value === false || (typeof value === "object" && Object.keys(value).length === 0);
  const unsupported = [
    "use_dora",
    "use_qalora",
    "use_bdlora",
    "lora_bias",
    "modules_to_save",
    "rank_pattern",
    "alpha_pattern",
    "layers_to_transform",
    "layers_pattern",
    "exclude_modules",
    "layer_replication",
    "trainable_token_indices",
    "target_parameters",
  ].filter((key) => !isPlain(json[key]));
  if ((json["bias"] ?? "none") !== "none") unsupported.push("bias");
  if (unsupported.length > 0) {
    throw new InvalidInput(
      `${source} uses ${unsupported.join(", ")}, which fpx does not support; merge it with peft first`,
    );
  }
  const { r: rank, lora_alpha: alpha, target_modules: targets, use_rslora: rankStabilised } = json;
  const named =
    typeof targets === "string" || (Array.isArray(targets) && targets.every((t) => typeof t === "string"));
  if (typeof rank !== "number" || typeof alpha !== "number" || !named) {
    throw new InvalidInput(`${source} lacks r, lora_alpha or target_modules; write the adapter again`);
  }
  return { rank, alpha, targets: targets as string | string[], rankStabilised: rankStabilised === true };
}

async function readJson(path: string, missing: string): Promise<Json> {
  let value: unknown;
  try {
    value = JSON.parse(await readFile(path, "utf8"));
  } catch (cause) {
    if (isMissing(cause)) throw new InvalidInput(missing, { cause });
    if (cause instanceof SyntaxError)
      throw new InvalidInput(`${path} is not JSON; fetch it again`, { cause });
    throw cause;
  }
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    throw new InvalidInput(`${path} is not a JSON object; fetch it again`);
  }
  return value as Json;
}

async function readOptionalJson(path: string): Promise<Json> {
  return (await exists(path)) ? readJson(path, path) : {};
}

async function writeJson(path: string, value: unknown): Promise<void> {
  await writeFileAtomic(path, `${JSON.stringify(value, null, 2)}\n`);
}

async function openFile(path: string, missing: string): Promise<FileHandle> {
  try {
    return await open(path);
  } catch (cause) {
    if (isMissing(cause)) throw new InvalidInput(missing, { cause });
    throw cause;
  }
}

async function requireFolder(folder: string, kind: string): Promise<void> {
  const found = await stat(folder).catch(() => undefined);
  if (found === undefined) throw new InvalidInput(`${folder} does not exist; give the folder of the ${kind}`);
  if (!found.isDirectory()) throw new InvalidInput(`${folder} is a file; give the folder of the ${kind}`);
}

async function exists(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  );
}

function isMissing(error: unknown): boolean {
  return (error as NodeJS.ErrnoException | undefined)?.code === "ENOENT";
}
