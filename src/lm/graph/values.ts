/** Tensors as the interpreter holds them: dimensions and row-major data. */

/** A value: "float" as f64, "int32", "bool" as 0/1 bytes. */
export interface Value {
  readonly dims: readonly number[];
  readonly data: Float64Array | Int32Array | Uint8Array;
}

/** The number of elements. */
export function countOf(dims: readonly number[]): number {
  return dims.reduce((product, dim) => product * dim, 1);
}

/** Row-major strides. */
export function stridesOf(dims: readonly number[]): number[] {
  const strides = new Array<number>(dims.length);
  for (let i = dims.length - 1, stride = 1; i >= 0; i--) {
    strides[i] = stride;
    stride *= dims[i]!;
  }
  return strides;
}

/** Strides of `dims` as seen from a shape that it broadcasts to: 0 along repeated axes. */
export function broadcastStrides(dims: readonly number[], target: readonly number[]): number[] {
  const strides = stridesOf(dims);
  const offset = target.length - dims.length;
  return target.map((_, i) => (i < offset || dims[i - offset] === 1 ? 0 : strides[i - offset]!));
}

/** Calls `visit(out, source)` for each element of `dims` in order, `source` moving by the given strides. */
export function walk(
  dims: readonly number[],
  strides: readonly number[],
  visit: (out: number, source: number) => void,
  start = 0,
): void {
  const place = new Array<number>(dims.length).fill(0);
  const count = countOf(dims);
  let source = start;
  for (let out = 0; out < count; out++) {
    visit(out, source);
    for (let axis = dims.length - 1; axis >= 0; axis--) {
      source += strides[axis]!;
      if (++place[axis]! < dims[axis]!) break;
      source -= strides[axis]! * dims[axis]!;
      place[axis] = 0;
    }
  }
}

/** An empty array of the same kind. */
export function emptyLike(data: Value["data"], length: number): Value["data"] {
  return data instanceof Float64Array
    ? new Float64Array(length)
    : data instanceof Int32Array
      ? new Int32Array(length)
      : new Uint8Array(length);
}

/** The shape that two shapes broadcast to. */
export function broadcastDims(a: readonly number[], b: readonly number[]): number[] {
  const rank = Math.max(a.length, b.length);
  return Array.from({ length: rank }, (_, i) => {
    const da = a[a.length - rank + i] ?? 1;
    return da === 1 ? (b[b.length - rank + i] ?? 1) : da;
  });
}
