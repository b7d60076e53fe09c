import { encode } from "./codec.ts";

/**
 * A digest, 32 hex digits, of plain data: for `problem.fingerprint` and for the options in a snapshot.
 * Keys count in their order.
 *
 * @example fingerprint({ data: Float64Array.of(1, 2), version: 3 })
 */
export function fingerprint(value: unknown): string {
  // The digest that the encoding itself carries.
  return Array.from(encode(value).subarray(8, 24), (byte) => byte.toString(16).padStart(2, "0")).join("");
}
