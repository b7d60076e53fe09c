/** Token-by-token decoding of a batch with a cache of keys and values that stays in the runtime. */

import { argMax, Graph, gather, type Program, reshape, slice, type Tensor } from "../graph/index.ts";
import type { Lora } from "../lora.ts";
import { cacheSizes, type ModelConfig, modelHead, modelTrunk } from "../models/model.ts";
import type { KeyValues } from "../models/transformer.ts";
import type { Session, TensorData } from "../runtimes/runtime.ts";

/**
 * The program of one decoding step. Inputs: `tokens` and `positions` int32 [batch, sequence], padded on the left;
 * `keys` bool [batch, past + sequence], false on padding; `rows` int32 [batch], which rows of the cache go on;
 * `past.L.key` and `past.L.value` of each layer. Outputs: `logits` [batch, vocabulary] of the last column, `next`
 * [batch] the likeliest tokens, and the cache with the new tokens, `present.L.key` and `present.L.value`.
 */
export function decoderProgram(config: ModelConfig, options: { readonly lora?: Lora } = {}): Program {
  const graph = new Graph();
  const tokens = graph.input("tokens", "int32", ["batch", "sequence"]);
  const positions = graph.input("positions", "int32", ["batch", "sequence"]);
  const keys = graph.input("keys", "bool", ["batch", "past+sequence"]);
  const rows = graph.input("rows", "int32", ["batch"]);
  const past = cacheInputs(graph, config, "held").map(({ key, value }) => ({
    key: gather(key, rows),
    value: gather(value, rows),
  }));
  const { hidden, cache } = modelTrunk(config, { tokens, positions, keys, past }, options);
  const last = reshape(slice(hidden, 1, -1), ["batch", config.hiddenSize]);
  const logits = modelHead(config, last, options);
  return { outputs: { logits, next: argMax(logits), ...cacheOutputs(cache) } };
}

/** The inputs `past.L.key` and `past.L.value` of each layer. */
export function cacheInputs(graph: Graph, config: ModelConfig, batch: string): KeyValues[] {
  const { heads, headSize } = cacheSizes(config);
  const shape = [batch, heads, "past", headSize];
  return Array.from({ length: config.layers }, (_, layer) => ({
    key: graph.input(`past.${layer}.key`, "float", shape),
    value: graph.input(`past.${layer}.value`, "float", shape),
  }));
}

/** The cache as outputs `present.L.key` and `present.L.value`. */
export function cacheOutputs(cache: readonly KeyValues[]): Record<string, Tensor> {
  const entries = cache.flatMap(({ key, value }, layer) => [
    [`present.${layer}.key`, key] as const,
    [`present.${layer}.value`, value] as const,
  ]);
  return Object.fromEntries(entries);
}

/** One sequence being decoded. */
export interface DecodingRow {
  readonly prompt: readonly number[];
  /** Takes the next token; true when the sequence is complete. */
  push(token: number): boolean;
}

/** Chooses the next token of a row from its logits. */
export type Chooser<Row> = (row: Row, logits: Float32Array) => number;

/**
 * Decodes rows together until each is complete, in a session of `decoderProgram`; yields after every step. Rows
 * that are complete leave the batch. Without `choose` the likeliest token is taken, inside the runtime.
 */
export async function* decode<Row extends DecodingRow>(
  session: Session,
  config: ModelConfig,
  rows: readonly Row[],
  options: { readonly pad: number; readonly choose?: Chooser<Row>; readonly signal?: AbortSignal },
): AsyncGenerator<void, void, void> {
  const { choose, signal } = options;
  const carry: Record<string, string> = {};
  for (let layer = 0; layer < config.layers; layer++) {
    carry[`present.${layer}.key`] = `past.${layer}.key`;
    carry[`present.${layer}.value`] = `past.${layer}.value`;
  }
  const width = Math.max(...rows.map((row) => row.prompt.length));
  let active = rows.map((row, place) => ({ row, place, padding: width - row.prompt.length }));
  let feeds = promptFeeds(rows, width, options.pad, config);
  for (let columns = width; active.length > 0; columns++) {
    const run = { carry, ...(signal === undefined ? {} : { signal }) };
    const chosen = await chooseTokens(
      session,
      feeds,
      run,
      choose && ((i, logits) => choose(active[i]!.row, logits)),
    );
    const going = active
      .map(({ row, padding }, place) => ({ row, place, padding, token: chosen[place]! }))
      .filter(({ row, token }) => !row.push(token));
    yield;
    active = going;
    feeds = {
      tokens: ints(
        going.map(({ token }) => token),
        going.length,
        1,
      ),
      positions: ints(
        going.map(({ padding }) => columns - padding),
        going.length,
        1,
      ),
      keys: keyMask(
        going.map(({ padding }) => padding),
        columns + 1,
      ),
      rows: ints(
        going.map(({ place }) => place),
        going.length,
      ),
    };
  }
}

async function chooseTokens(
  session: Session,
  feeds: Readonly<Record<string, TensorData>>,
  run: { readonly carry: Readonly<Record<string, string>>; readonly signal?: AbortSignal },
  choose: ((place: number, logits: Float32Array) => number) | undefined,
): Promise<ArrayLike<number>> {
  if (choose === undefined) {
    const { next } = await session.run(feeds, { ...run, fetch: ["next"] });
    return Int32Array.from(next!.data, Number);
  }
  const { logits } = await session.run(feeds, { ...run, fetch: ["logits"] });
  const [count, vocabulary] = logits!.dims as readonly [number, number];
  const data = logits!.data as Float32Array | Float64Array;
  const all = data instanceof Float32Array ? data : Float32Array.from(data);
  return Array.from({ length: count }, (_, i) =>
    choose(i, all.subarray(i * vocabulary, (i + 1) * vocabulary)),
  );
}

function promptFeeds(
  rows: readonly DecodingRow[],
  width: number,
  pad: number,
  config: ModelConfig,
): Record<string, TensorData> {
  const tokens = new Int32Array(rows.length * width).fill(pad);
  const positions = new Int32Array(rows.length * width);
  const paddings = rows.map(({ prompt }) => width - prompt.length);
  for (const [row, { prompt }] of rows.entries()) {
    const start = row * width + paddings[row]!;
    tokens.set(prompt, start);
    for (let i = 0; i < prompt.length; i++) positions[start + i] = i;
  }
  const { heads, headSize } = cacheSizes(config);
  const empty = { type: "float", dims: [rows.length, heads, 0, headSize] } as const;
  const feeds: Record<string, TensorData> = {
    tokens: ints(tokens, rows.length, width),
    positions: ints(positions, rows.length, width),
    keys: keyMask(paddings, width),
    rows: ints(rows.keys(), rows.length),
  };
  for (let layer = 0; layer < config.layers; layer++) {
    feeds[`past.${layer}.key`] = { ...empty, data: new Float32Array(0) };
    feeds[`past.${layer}.value`] = { ...empty, data: new Float32Array(0) };
  }
  return feeds;
}

/** [rows, columns]: false on each row's padding at the left. */
function keyMask(paddings: readonly number[], columns: number): TensorData {
  const data = new Uint8Array(paddings.length * columns).fill(1);
  for (const [row, padding] of paddings.entries()) data.fill(0, row * columns, row * columns + padding);
  return { type: "bool", dims: [paddings.length, columns], data };
}

function ints(values: Iterable<number>, ...dims: number[]): TensorData {
  return { type: "int32", dims, data: Int32Array.from(values) };
}
