/**
 * The safetensors file format: an 8-byte little-endian header length, a JSON header that names each tensor's
 * type, shape and byte range, then the tensors' bytes without gaps.
 */

import { InvalidInput } from "../../core/errors.ts";
import { bfloatToFloat, floatToBfloat, floatToHalf, halfToFloat } from "./half-floats.ts";

/** Element types that fpx reads and writes. */
export type SafetensorsDtype = "F64" | "F32" | "F16" | "BF16" | "I64" | "I32" | "I16" | "I8" | "U8" | "BOOL";

/** Where a tensor lies in a file: byte range counted from the end of the header. */
export interface SafetensorsEntry {
  readonly dtype: SafetensorsDtype;
  readonly shape: readonly number[];
  readonly begin: number;
  readonly end: number;
}

/** A file's header, validated. `dataStart` is the offset of the first tensor byte in the file. */
export interface SafetensorsHeader {
  readonly entries: ReadonlyMap<string, SafetensorsEntry>;
  readonly metadata: Readonly<Record<string, string>>;
  readonly dataStart: number;
}

export type StoredData =
  | Float64Array
  | Float32Array
  | BigInt64Array
  | Int32Array
  | Int16Array
  | Int8Array
  | Uint8Array;

/** A tensor of a checkpoint, row-major. F16 and BF16 are held widened to float32; `dtype` says what the file holds. */
export interface StoredTensor {
  readonly dtype: SafetensorsDtype;
  readonly shape: readonly number[];
  readonly data: StoredData;
}

/** What a safetensors file holds. */
export interface SafetensorsFile {
  readonly tensors: ReadonlyMap<string, StoredTensor>;
  readonly metadata: Readonly<Record<string, string>>;
}

const elementBytes: Readonly<Record<SafetensorsDtype, number>> = {
  F64: 8,
  I64: 8,
  F32: 4,
  I32: 4,
  F16: 2,
  BF16: 2,
  I16: 2,
  I8: 1,
  U8: 1,
  BOOL: 1,
};

const maximumHeaderBytes = 100_000_000;

/**
 * Reads a whole file. `source` names it in errors.
 *
 * Throws `InvalidInput` for a damaged file, an unknown element type, or a weight that is NaN or infinite.
 */
export function readSafetensors(bytes: Uint8Array, source = "safetensors data"): SafetensorsFile {
  const header = readSafetensorsHeader(bytes, bytes.length, source);
  const tensors = new Map<string, StoredTensor>();
  for (const [name, entry] of header.entries) {
    const slice = bytes.slice(header.dataStart + entry.begin, header.dataStart + entry.end);
    tensors.set(name, decodeTensor(entry, slice, `${source}, tensor "${name}"`));
  }
  return { tensors, metadata: header.metadata };
}

/** Byte length of the header (with its 8-byte length field), read from a file's first 8 bytes. */
export function safetensorsHeaderLength(start: Uint8Array, fileBytes: number, source: string): number {
  if (fileBytes < 8 || start.length < 8) {
    throw new InvalidInput(
      `${source} is ${fileBytes} bytes long, too short for safetensors; fetch the file again`,
    );
  }
  const view = new DataView(start.buffer, start.byteOffset, start.byteLength);
  const length = Number(view.getBigUint64(0, true));
  if (length < 2 || length > maximumHeaderBytes) {
    throw new InvalidInput(
      `${source} announces a header of ${length} bytes, so it is not a safetensors file; give a .safetensors file`,
    );
  }
  if (8 + length > fileBytes) {
    throw new InvalidInput(
      `${source} is cut off: its header needs ${8 + length} bytes, the file has ${fileBytes}; fetch the file again`,
    );
  }
  return 8 + length;
}

/**
 * Parses and validates the header at the start of a file of `fileBytes` bytes: every tensor's byte range fits
 * its shape and the ranges cover the data without gap or overlap.
 *
 * Throws `InvalidInput` naming `source` and the tensor.
 */
export function readSafetensorsHeader(
  start: Uint8Array,
  fileBytes: number,
  source: string,
): SafetensorsHeader {
  const dataStart = safetensorsHeaderLength(start, fileBytes, source);
  const json = parseObject(new TextDecoder().decode(start.subarray(8, dataStart)), source);
  const entries = new Map<string, SafetensorsEntry>();
  let metadata: Record<string, string> = {};
  for (const [name, value] of Object.entries(json)) {
    if (name === "__metadata__") metadata = readMetadata(value, source);
    else entries.set(name, readEntry(value, `${source}, tensor "${name}"`));
  }
  checkRanges(entries, fileBytes - dataStart, source);
  return { entries, metadata, dataStart };
}

/**
 * Turns a tensor's bytes into numbers; `bytes` must be its own copy (its buffer is used where it is aligned).
 *
 * Throws `InvalidInput` when a floating-point value is NaN or infinite; `where` names file and tensor.
 */
export function decodeTensor(entry: SafetensorsEntry, bytes: Uint8Array, where: string): StoredTensor {
  const data = decodeData(entry.dtype, bytes);
  if (data instanceof Float32Array || data instanceof Float64Array) {
    for (let i = 0; i < data.length; i++) {
      if (!Number.isFinite(data[i]!)) {
        throw new InvalidInput(
          `${where} holds ${data[i]} at element ${i}; use a checkpoint with finite weights`,
        );
      }
    }
  }
  return { dtype: entry.dtype, shape: entry.shape, data };
}

/**
 * Writes a file. Tensors are ordered by element size, then name, so that equal tensors give equal bytes.
 * `metadata` defaults to `{ format: "pt" }`, which the Python library asks for.
 *
 * Throws `InvalidInput` when a shape does not fit its data or a value does not fit its element type.
 */
export function writeSafetensors(
  tensors: Iterable<readonly [string, StoredTensor]>,
  options: { readonly metadata?: Readonly<Record<string, string>> } = {},
): Uint8Array {
  const ordered = [...tensors].sort(
    ([a, s], [b, t]) => elementBytes[t.dtype] - elementBytes[s.dtype] || (a < b ? -1 : a > b ? 1 : 0),
  );
  const header: Record<string, unknown> = { __metadata__: options.metadata ?? { format: "pt" } };
  const parts: Uint8Array[] = [];
  let offset = 0;
  for (const [name, tensor] of ordered) {
    if (name in header) throw new InvalidInput(`two tensors are named "${name}"; give each its own name`);
    const part = encodeTensor(tensor, name);
    header[name] = { dtype: tensor.dtype, shape: tensor.shape, data_offsets: [offset, offset + part.length] };
    parts.push(part);
    offset += part.length;
  }
  const text = JSON.stringify(header);
  const json = new TextEncoder().encode(text);
  const headerBytes = Math.ceil(json.length / 8) * 8;
  const out = new Uint8Array(8 + headerBytes + offset);
  new DataView(out.buffer).setBigUint64(0, BigInt(headerBytes), true);
  out.fill(0x20, 8, 8 + headerBytes);
  out.set(json, 8);
  let at = 8 + headerBytes;
  for (const part of parts) {
    out.set(part, at);
    at += part.length;
  }
  return out;
}

function parseObject(text: string, source: string): Record<string, unknown> {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw new InvalidInput(`${source} has a header that is not JSON; fetch the file again`, { cause });
  }
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    throw new InvalidInput(`${source} has a header that is not a JSON object; fetch the file again`);
  }
  return value as Record<string, unknown>;
}

function readMetadata(value: unknown, source: string): Record<string, string> {
  const pairs = typeof value === "object" && value !== null ? Object.entries(value) : undefined;
  if (pairs === undefined || pairs.some(([, text]) => typeof text !== "string")) {
    throw new InvalidInput(`${source} has a __metadata__ that is not a map of strings; write the file again`);
  }
  return Object.fromEntries(pairs) as Record<string, string>;
}

function readEntry(value: unknown, where: string): SafetensorsEntry {
  const { dtype, shape, data_offsets: range } = (value ?? {}) as Record<string, unknown>;
  if (typeof dtype !== "string" || !Object.hasOwn(elementBytes, dtype)) {
    const known = Object.keys(elementBytes).join(", ");
    throw new InvalidInput(
      `${where} has element type ${String(dtype)}, which fpx does not read; it reads ${known}`,
    );
  }
  if (!isCounts(shape)) throw new InvalidInput(`${where} has no valid shape; fetch the file again`);
  if (!isCounts(range) || range.length !== 2) {
    throw new InvalidInput(`${where} has no valid data_offsets; fetch the file again`);
  }
  const bytes = product(shape) * elementBytes[dtype as SafetensorsDtype];
  const [begin, end] = range as [number, number];
  if (end - begin !== bytes) {
    throw new InvalidInput(
      `${where} has ${end - begin} bytes where shape [${shape}] of ${dtype} needs ${bytes}; fetch the file again`,
    );
  }
  return { dtype: dtype as SafetensorsDtype, shape, begin, end };
}

function checkRanges(
  entries: ReadonlyMap<string, SafetensorsEntry>,
  dataBytes: number,
  source: string,
): void {
  const ordered = [...entries].sort(([, a], [, b]) => a.begin - b.begin || a.end - b.end);
  let covered = 0;
  for (const [name, { begin, end }] of ordered) {
    if (begin !== covered) {
      const fault = begin < covered ? "overlaps the tensor before it" : "leaves a gap before it";
      throw new InvalidInput(
        `${source}, tensor "${name}" ${fault} (byte ${begin}, not ${covered}); fetch the file again`,
      );
    }
    covered = end;
  }
  if (covered !== dataBytes) {
    const fault = covered > dataBytes ? "is cut off" : "has bytes that belong to no tensor";
    throw new InvalidInput(
      `${source} ${fault}: ${dataBytes} data bytes where ${covered} are named; fetch the file again`,
    );
  }
}

function decodeData(dtype: SafetensorsDtype, given: Uint8Array): StoredData {
  const bytes = given.byteOffset % elementBytes[dtype] === 0 ? given : given.slice();
  const { buffer, byteOffset } = bytes;
  const length = bytes.length / elementBytes[dtype];
  switch (dtype) {
    case "F64":
      return new Float64Array(buffer, byteOffset, length);
    case "F32":
      return new Float32Array(buffer, byteOffset, length);
    case "F16":
      return halfToFloat(new Uint16Array(buffer, byteOffset, length));
    case "BF16":
      return bfloatToFloat(new Uint16Array(buffer, byteOffset, length));
    case "I64":
      return new BigInt64Array(buffer, byteOffset, length);
    case "I32":
      return new Int32Array(buffer, byteOffset, length);
    case "I16":
      return new Int16Array(buffer, byteOffset, length);
    case "I8":
      return new Int8Array(buffer, byteOffset, length);
    case "U8":
    case "BOOL":
      return bytes;
  }
}

function encodeTensor(tensor: StoredTensor, name: string): Uint8Array {
  const { dtype, shape, data } = tensor;
  if (product(shape) !== data.length) {
    throw new InvalidInput(
      `tensor "${name}" has ${data.length} values where shape [${shape}] needs ${product(shape)}`,
    );
  }
  const stored = dtype === "F16" || dtype === "BF16" ? narrow(dtype, data, name) : data;
  if (stored.BYTES_PER_ELEMENT !== elementBytes[dtype] || isFloat(dtype) !== isFloatData(data)) {
    throw new InvalidInput(
      `tensor "${name}" of type ${dtype} came as ${data.constructor.name}; convert it first`,
    );
  }
  return new Uint8Array(stored.buffer, stored.byteOffset, stored.byteLength);
}

function narrow(dtype: "F16" | "BF16", data: StoredData, name: string): Uint16Array {
  if (!(data instanceof Float32Array)) {
    throw new InvalidInput(
      `tensor "${name}" of type ${dtype} came as ${data.constructor.name}; give a Float32Array`,
    );
  }
  const bits = dtype === "F16" ? floatToHalf(data) : floatToBfloat(data);
  const exponent = dtype === "F16" ? 0x7c00 : 0x7f80;
  const overflow = bits.findIndex((word) => (word & exponent) === exponent);
  if (overflow >= 0) {
    throw new InvalidInput(
      `tensor "${name}" holds ${data[overflow]}, too large for ${dtype}; write it as F32`,
    );
  }
  return bits;
}

function isFloat(dtype: SafetensorsDtype): boolean {
  return dtype === "F64" || dtype === "F32" || dtype === "F16" || dtype === "BF16";
}

function isFloatData(data: StoredData): boolean {
  return data instanceof Float32Array || data instanceof Float64Array;
}

function isCounts(value: unknown): value is number[] {
  return Array.isArray(value) && value.every((n) => Number.isSafeInteger(n) && n >= 0);
}

function product(shape: readonly number[]): number {
  return shape.reduce((total, n) => total * n, 1);
}
