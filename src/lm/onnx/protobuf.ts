/** Writes protocol buffer messages: as much of the wire format as ONNX needs. */

/** A message under construction: pieces of bytes that are joined once at the end, so that weights are copied once. */
export interface Message {
  readonly pieces: readonly Uint8Array[];
  readonly length: number;
}

const text = new TextEncoder();

function tag(field: number, wireType: number): Uint8Array {
  return varint(field * 8 + wireType);
}

/** A whole number in base-128 groups; negative numbers take ten bytes as two's complement of 64 bits. */
function varint(value: number): Uint8Array {
  if (value >= 0 && value < 128) return Uint8Array.of(value);
  let rest = BigInt.asUintN(64, BigInt(value));
  const bytes: number[] = [];
  do {
    const group = Number(rest & 127n);
    rest >>= 7n;
    bytes.push(rest === 0n ? group : group | 128);
  } while (rest !== 0n);
  return Uint8Array.from(bytes);
}

/** Below this many bytes, pieces are joined at once: many small ones cost more than a copy. */
const SMALL = 4096;

function ofPieces(pieces: readonly Uint8Array[]): Message {
  const message = { pieces, length: pieces.reduce((sum, piece) => sum + piece.length, 0) };
  return message.length < SMALL && pieces.length > 1
    ? { pieces: [encode(message)], length: message.length }
    : message;
}

/** The fields of a message, one after another. */
export function message(...fields: readonly Message[]): Message {
  return ofPieces(fields.flatMap((field) => field.pieces));
}

/** An integer, boolean or enumeration field. */
export function int(field: number, value: number): Message {
  return ofPieces([tag(field, 0), varint(value)]);
}

/** A 32-bit floating-point field. */
export function float(field: number, value: number): Message {
  return ofPieces([tag(field, 5), new Uint8Array(Float32Array.of(value).buffer)]);
}

/** A field of raw bytes; the array is not copied before `encode`. */
export function bytes(field: number, value: Uint8Array): Message {
  return ofPieces([tag(field, 2), varint(value.length), value]);
}

/** A field of text. */
export function string(field: number, value: string): Message {
  return bytes(field, text.encode(value));
}

/** A nested message. */
export function nested(field: number, value: Message): Message {
  return ofPieces([tag(field, 2), varint(value.length), ...value.pieces]);
}

/** Repeated whole numbers, packed. */
export function ints(field: number, values: readonly number[]): Message {
  return nested(field, ofPieces(values.map(varint)));
}

/** The bytes of a message. */
export function encode(value: Message): Uint8Array {
  const out = new Uint8Array(value.length);
  let at = 0;
  for (const piece of value.pieces) {
    out.set(piece, at);
    at += piece.length;
  }
  return out;
}
