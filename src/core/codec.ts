/**
 * Plain data to bytes and back, bit for bit: one codec for snapshots, questions and answers.
 *
 * Layout: 8 bytes magic and format version, 16 bytes digest of all that follows, u32 length of a JSON text,
 * the JSON text, zeros up to a multiple of 8, then the typed arrays' bytes, each at a multiple of 8. In the JSON
 * text an object with the single key `$` stands for what JSON lacks; keys of user objects that begin with `$`
 * get one more `$`.
 */
import { digest128 } from "./digest.ts";
import { InvalidInput, SnapshotMismatch } from "./errors.ts";

/** Version of the layout above. A reader accepts this and older ones, and refuses newer ones. */
export const CODEC_VERSION = 1;

const MAGIC = [0x66, 0x70, 0x78, 0x62]; // "fpxb"
const HEADER = 28;

const TYPED_ARRAYS = {
  Int8Array,
  Uint8Array,
  Uint8ClampedArray,
  Int16Array,
  Uint16Array,
  Int32Array,
  Uint32Array,
  Float32Array,
  Float64Array,
  BigInt64Array,
  BigUint64Array,
} as const;
type TypedArrayName = keyof typeof TYPED_ARRAYS;

/**
 * Encodes plain data: null, undefined, booleans, numbers (NaN, infinities and -0 kept), bigints, strings,
 * arrays, plain objects and typed arrays (bits kept). Throws `InvalidInput` with the path of anything else.
 */
export function encode(value: unknown): Uint8Array<ArrayBuffer> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  const ancestors = new Set<object>();

  const visit = (node: unknown, path: string): unknown => {
    switch (typeof node) {
      case "string":
      case "boolean":
        return node;
      case "number":
        if (Number.isFinite(node) && !Object.is(node, -0)) return node;
        return { $: ["number", Object.is(node, -0) ? "-0" : String(node)] };
      case "bigint":
        return { $: ["bigint", String(node)] };
      case "undefined":
        return { $: ["undefined"] };
      case "object":
        break;
      default:
        throw new InvalidInput(
          `${path} is a ${typeof node}: state, questions and answers must be plain data`,
        );
    }
    if (node === null) return null;
    if (ancestors.has(node))
      throw new InvalidInput(`${path} refers back to its own parent: plain data has no cycles`);
    const prototype: object | null = Object.getPrototypeOf(node);
    const name = prototype?.constructor?.name;
    if (ArrayBuffer.isView(node)) {
      if (name === undefined || !Object.hasOwn(TYPED_ARRAYS, name))
        throw new InvalidInput(`${path} is a ${name}: use one of ${Object.keys(TYPED_ARRAYS).join(", ")}`);
      const bytes = new Uint8Array(node.buffer, node.byteOffset, node.byteLength);
      const offset = size;
      chunks.push(bytes);
      size += Math.ceil(bytes.length / 8) * 8;
      return { $: ["array", name, offset, bytes.length] };
    }
    ancestors.add(node);
    try {
      if (Array.isArray(node)) return Array.from(node, (item, i) => visit(item, `${path}[${i}]`));
      if (prototype !== null && Object.getPrototypeOf(prototype) !== null)
        throw new InvalidInput(`${path} is a ${name}: state, questions and answers must be plain data`);
      return Object.fromEntries(
        Object.entries(node).map(([key, item]) => [
          key.startsWith("$") ? `$${key}` : key,
          visit(item, `${path}.${key}`),
        ]),
      );
    } finally {
      ancestors.delete(node);
    }
  };

  const json = new TextEncoder().encode(JSON.stringify(visit(value, "value")));
  const start = Math.ceil((HEADER + json.length) / 8) * 8;
  const bytes = new Uint8Array(start + size);
  const view = new DataView(bytes.buffer);
  bytes.set(MAGIC, 0);
  view.setUint32(4, CODEC_VERSION, true);
  view.setUint32(24, json.length, true);
  bytes.set(json, HEADER);
  let offset = start;
  for (const chunk of chunks) {
    bytes.set(chunk, offset);
    offset += Math.ceil(chunk.length / 8) * 8;
  }
  bytes.set(digest128(bytes.subarray(24)), 8);
  return bytes;
}

/** Decodes what `encode` wrote. Throws `SnapshotMismatch` when the bytes are foreign, newer, cut or damaged. */
export function decode(bytes: Uint8Array): unknown {
  if (bytes.length < HEADER || MAGIC.some((byte, i) => bytes[i] !== byte))
    throw new SnapshotMismatch("these bytes are not an fpx snapshot: check the file name");
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const version = view.getUint32(4, true);
  if (version > CODEC_VERSION)
    throw new SnapshotMismatch(
      `snapshot format ${version} is newer than this fpx reads (${CODEC_VERSION}): update fpx`,
    );
  const digest = digest128(bytes.subarray(24));
  if (digest.some((byte, i) => bytes[8 + i] !== byte))
    throw new SnapshotMismatch("the snapshot is cut or damaged: its digest differs; use an earlier one");
  const length = view.getUint32(24, true);
  const start = Math.ceil((HEADER + length) / 8) * 8;

  const revive = (node: unknown): unknown => {
    if (typeof node !== "object" || node === null) return node;
    if (Array.isArray(node)) return node.map(revive);
    const special = (node as { $?: unknown }).$;
    if (Array.isArray(special)) return reviveSpecial(special);
    return Object.fromEntries(
      Object.entries(node).map(([key, item]) => [key.startsWith("$") ? key.slice(1) : key, revive(item)]),
    );
  };
  const reviveSpecial = ([kind, ...rest]: unknown[]): unknown => {
    if (kind === "number") return Number(rest[0]);
    if (kind === "bigint") return BigInt(rest[0] as string);
    if (kind === "undefined") return undefined;
    const [name, offset, byteLength] = rest as [TypedArrayName, number, number];
    const from = start + offset;
    // Not `bytes.slice`: of a Node buffer that is a view into a larger one.
    return new TYPED_ARRAYS[name](new Uint8Array(bytes.subarray(from, from + byteLength)).buffer);
  };
  return revive(JSON.parse(new TextDecoder().decode(bytes.subarray(HEADER, HEADER + length))));
}
