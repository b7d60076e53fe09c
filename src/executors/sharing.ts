/** Large typed arrays are not copied into every message: they are shared with workers, and moved back from them. */

/** Smaller arrays travel faster as a copy. */
const LARGE = 16_384;

type TypedArray = Float64Array | Float32Array | Int32Array | Uint8Array;

/** Plain data with each large typed array replaced by `replace`'s; the same value when it holds none. */
function replaceLarge(value: unknown, replace: (array: TypedArray) => TypedArray): unknown {
  if (typeof value !== "object" || value === null) return value;
  if (ArrayBuffer.isView(value)) {
    if (value instanceof DataView || value.byteLength < LARGE) return value;
    return replace(value as TypedArray);
  }
  if (Array.isArray(value)) {
    let copy: unknown[] | undefined;
    for (let i = 0; i < value.length; i++) {
      const item = replaceLarge(value[i], replace);
      if (item !== value[i]) (copy ??= value.slice())[i] = item;
    }
    return copy ?? value;
  }
  let copy: Record<string, unknown> | undefined;
  for (const [key, old] of Object.entries(value)) {
    const item = replaceLarge(old, replace);
    if (item !== old) (copy ??= { ...value })[key] = item;
  }
  return copy ?? value;
}

/** The value with large arrays in shared memory: all workers read them in place. */
export const share = (value: unknown): unknown =>
  replaceLarge(value, (array) => {
    if (array.buffer instanceof SharedArrayBuffer) return array;
    const kind = array.constructor as new (buffer: SharedArrayBuffer) => TypedArray;
    const shared = new kind(new SharedArrayBuffer(array.byteLength));
    shared.set(array);
    return shared;
  });

/** The value with a copy of each large array, whose buffers are to be transferred: the oracle may keep its own. */
export function detachable(value: unknown): {
  readonly value: unknown;
  readonly buffers: readonly ArrayBuffer[];
} {
  const buffers: ArrayBuffer[] = [];
  const copy = replaceLarge(value, (array) => {
    const own = array.slice();
    buffers.push(own.buffer);
    return own;
  });
  return { value: copy, buffers };
}
