import { encode } from "./codec.ts";
import { digest128 } from "./digest.ts";

/**
 * A digest, 32 hex digits, of plain data: for `problem.fingerprint` and for the options in a snapshot.
 * Keys count in their order.
 *
 * @example fingerprint({ data: Float64Array.of(1, 2), version: 3 })
 */
export function fingerprint(value: unknown): string {
  return Array.from(digest128(encode(value)), (byte) => byte.toString(16).padStart(2, "0")).join("");
}
