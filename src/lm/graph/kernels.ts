/** One plain float64 kernel for each operation of the interpreter. */

import type { Dim } from "./dims.ts";
import type { NodeOf, OperationName } from "./graph.ts";
import {
  broadcastDims,
  broadcastStrides,
  countOf,
  emptyLike,
  stridesOf,
  type Value,
  walk,
} from "./values.ts";

/** What a kernel may ask about the run. */
export interface Context {
  /** The size of a dimension in this run. */
  size(dim: Dim): number;
}

/** The values of a node's outputs from those of its inputs. */
export type Kernel<K extends OperationName> = (
  node: NodeOf<K>,
  inputs: readonly Value[],
  context: Context,
) => readonly Value[];

type Computed = Exclude<OperationName, "input" | "parameter">;

/** Kernels by operation; inputs and parameters are fed. */
export const kernels: { readonly [K in Computed]: Kernel<K> } = {
  constant: ({ attributes, outputs }) => [
    { dims: outputs[0]!.shape as readonly number[], data: attributes.data as Value["data"] },
  ],
  dimension: ({ attributes }, _, { size }) => [{ dims: [], data: Float64Array.of(size(attributes.dim)) }],
  iota: ({ attributes }, _, { size }) => {
    const n = size(attributes.dim);
    return [{ dims: [n], data: Int32Array.from({ length: n }, (_, i) => i) }];
  },

  neg: map((x) => -x),
  exp: map(Math.exp),
  log: map(Math.log),
  sqrt: map(Math.sqrt),
  reciprocal: map((x) => 1 / x),
  square: map((x) => x * x),
  sin: map(Math.sin),
  cos: map(Math.cos),
  tanh: map(Math.tanh),
  erf: map(erf),
  sigmoid: map(sigmoid),
  softplus: map((x) => Math.max(x, 0) + Math.log1p(Math.exp(-Math.abs(x)))),
  relu: map((x) => Math.max(x, 0)),
  silu: (_, [x]) => {
    const gate = mapped(x!, sigmoid);
    return [zipped(x!, gate, (a, b) => a * b), gate];
  },
  gelu: ({ attributes: { approximate } }, [x]) => {
    const gate = mapped(
      x!,
      approximate === "tanh"
        ? (v) => sigmoid(2 * Math.sqrt(2 / Math.PI) * (v + 0.044715 * v ** 3))
        : (v) => 0.5 * (1 + erf(v / Math.SQRT2)),
    );
    return [zipped(x!, gate, (a, b) => a * b), gate];
  },

  add: zip((a, b) => a + b),
  sub: zip((a, b) => a - b),
  mul: zip((a, b) => a * b),
  div: zip((a, b) => a / b),
  maximum: zip(Math.max),
  minimum: zip(Math.min),

  equal: test((a, b) => a === b),
  less: test((a, b) => a < b),
  lessOrEqual: test((a, b) => a <= b),
  and: test((a, b) => a + b === 2),
  or: test((a, b) => a + b > 0),
  not: (_, [x]) => [{ dims: x!.dims, data: Uint8Array.from(x!.data, (v) => 1 - v) }],
  where: (_, [condition, a, b]) => {
    const dims = broadcastDims(condition!.dims, broadcastDims(a!.dims, b!.dims));
    const [c, x, y] = [condition!, a!, b!].map((value) => filled(value, dims));
    const data = emptyLike(a!.data, countOf(dims));
    for (let i = 0; i < data.length; i++) data[i] = c!.data[i] === 1 ? x!.data[i]! : y!.data[i]!;
    return [{ dims, data }];
  },
  cast: ({ attributes: { to } }, [x]) => {
    const { dims, data } = x!;
    if (to === "float") return [{ dims, data: Float64Array.from(data) }];
    return [
      {
        dims,
        data:
          to === "int32"
            ? Int32Array.from(data, Math.trunc)
            : Uint8Array.from(data, (v) => (v === 0 ? 0 : 1)),
      },
    ];
  },

  matmul: ({ attributes: { transposeA, transposeB } }, [a, b]) => {
    const [m, k] = matrix(a!, transposeA);
    const [, n] = matrix(b!, transposeB);
    const batch = broadcastDims(a!.dims.slice(0, -2), b!.dims.slice(0, -2));
    const data = new Float64Array(countOf(batch) * m * n);
    const [aRow, aColumn] = transposeA ? [1, m] : [k, 1];
    const [bRow, bColumn] = transposeB ? [1, k] : [n, 1];
    const starts = (value: Value, size: number): number[] => {
      const list: number[] = [];
      walk(batch, broadcastStrides(value.dims.slice(0, -2), batch), (_, source) => list.push(source * size));
      return list;
    };
    const [aStarts, bStarts] = [starts(a!, m * k), starts(b!, k * n)];
    for (let p = 0; p < aStarts.length; p++) {
      for (let i = 0; i < m; i++) {
        for (let l = 0; l < k; l++) {
          const factor = a!.data[aStarts[p]! + i * aRow + l * aColumn]!;
          for (let j = 0; j < n; j++) {
            const at = (p * m + i) * n + j;
            data[at] = data[at]! + factor * b!.data[bStarts[p]! + l * bRow + j * bColumn]!;
          }
        }
      }
    }
    return [{ dims: [...batch, m, n], data }];
  },

  softmax: rows((row, out) => {
    const top = row.reduce((a, b) => Math.max(a, b), Number.NEGATIVE_INFINITY);
    const total = row.reduce((sum, v) => sum + Math.exp(v - top), 0);
    for (let i = 0; i < row.length; i++) out[i] = Math.exp(row[i]! - top) / total;
  }),
  logSoftmax: rows(logSoftmaxRow),
  reduceSum: reduction(0, (sum, v) => sum + v),
  reduceMean: reduction(0, (sum, v) => sum + v, true),
  reduceMax: reduction(Number.NEGATIVE_INFINITY, (a, b) => Math.max(a, b)),
  argMax: (_, [x]) => {
    const width = x!.dims.at(-1)!;
    const data = Int32Array.from({ length: x!.data.length / width }, (_, row) => {
      const part = x!.data.subarray(row * width, (row + 1) * width) as Float64Array;
      return part.indexOf(part.reduce((a, b) => Math.max(a, b)));
    });
    return [{ dims: x!.dims.slice(0, -1), data }];
  },

  after: (_, [x]) => [x!],
  reshape: ({ attributes: { shape } }, [x], { size }) => [{ dims: shape.map(size), data: x!.data }],
  expand: ({ attributes: { shape } }, [x], { size }) => [filled(x!, shape.map(size))],
  transpose: ({ attributes: { permutation } }, [x]) => {
    const strides = stridesOf(x!.dims);
    return [
      strided(
        x!,
        permutation.map((axis) => x!.dims[axis]!),
        permutation.map((axis) => strides[axis]!),
      ),
    ];
  },
  concat: ({ attributes: { axis } }, parts) => {
    const dims = [...parts[0]!.dims];
    dims[axis] = parts.reduce((sum, part) => sum + part.dims[axis]!, 0);
    const out = { dims, data: emptyLike(parts[0]!.data, countOf(dims)) };
    let offset = 0;
    for (const part of parts) {
      paste(out, part, axis, offset);
      offset += part.dims[axis]!;
    }
    return [out];
  },
  split: ({ attributes: { axis, sizes } }, [x]) => {
    let start = 0;
    return sizes.map((size) => cut(x!, axis, (start += size) - size, size));
  },
  slice: ({ attributes: { axis, start, end } }, [x], { size }) => [
    cut(x!, axis, size(start), size(end) - size(start)),
  ],
  pad: ({ attributes: { axis, before, after } }, [x], { size }) => {
    const dims = x!.dims.map((dim, i) => (i === axis ? size(before) + dim + size(after) : dim));
    const out = { dims, data: emptyLike(x!.data, countOf(dims)) };
    paste(out, x!, axis, size(before));
    return [out];
  },

  gather: (_, [table, indices]) => {
    const width = countOf(table!.dims.slice(1));
    const data = emptyLike(table!.data, indices!.data.length * width);
    indices!.data.forEach((row, i) => {
      data.set(table!.data.subarray(row * width, (row + 1) * width), i * width);
    });
    return [{ dims: [...indices!.dims, ...table!.dims.slice(1)], data }];
  },
  scatterAdd: (_, [base, indices, updates]) => {
    const width = countOf(base!.dims.slice(1));
    const data = base!.data.slice();
    indices!.data.forEach((row, i) => {
      for (let j = 0; j < width; j++)
        data[row * width + j] = data[row * width + j]! + updates!.data[i * width + j]!;
    });
    return [{ dims: base!.dims, data }];
  },
  gatherElements: ({ attributes: { axis } }, [x, indices]) => {
    const data = emptyLike(x!.data, indices!.data.length);
    elements(x!, indices!, axis, (at, i) => {
      data[i] = x!.data[at]!;
    });
    return [{ dims: indices!.dims, data }];
  },
  scatterAddElements: ({ attributes: { axis } }, [base, indices, updates]) => {
    const data = base!.data.slice();
    elements(base!, indices!, axis, (at, i) => {
      data[at] = data[at]! + updates!.data[i]!;
    });
    return [{ dims: base!.dims, data }];
  },
  pickLogSoftmax: (_, [logits, targets]) => {
    const width = logits!.dims.at(-1)!;
    const data = new Float64Array(logits!.data.length);
    eachRow(logits!, (row, at) => logSoftmaxRow(row, data.subarray(at, at + width)));
    const picked = Float64Array.from(targets!.data, (target, row) => data[row * width + target]!);
    return [
      { dims: targets!.dims, data: picked },
      { dims: logits!.dims, data },
    ];
  },

  layerNorm: ({ attributes: { epsilon } }, [x, scale, bias]) => {
    const { dims, data, statistics } = perRow(x!);
    const [mean, inverse] = [statistics(), statistics()];
    eachRow(x!, (row, at, index) => {
      const centre = row.reduce((sum, v) => sum + v, 0) / row.length;
      const variance = row.reduce((sum, v) => sum + (v - centre) ** 2, 0) / row.length;
      mean.data[index] = centre;
      inverse.data[index] = 1 / Math.sqrt(variance + epsilon);
      for (let j = 0; j < row.length; j++) {
        data[at + j] = (row[j]! - centre) * inverse.data[index]! * scale!.data[j]! + bias!.data[j]!;
      }
    });
    return [{ dims, data }, mean, inverse];
  },
  rmsNorm: ({ attributes: { epsilon } }, [x, scale]) => {
    const { dims, data, statistics } = perRow(x!);
    const inverse = statistics();
    eachRow(x!, (row, at, index) => {
      inverse.data[index] = 1 / Math.sqrt(row.reduce((sum, v) => sum + v * v, 0) / row.length + epsilon);
      for (let j = 0; j < row.length; j++) data[at + j] = row[j]! * inverse.data[index]! * scale!.data[j]!;
    });
    return [{ dims, data }, inverse];
  },
  rotary: (_, [x, c, s]) => {
    const width = x!.dims.at(-1)!;
    const half = width / 2;
    const halfDims = [...x!.dims.slice(0, -1), half];
    const [cos, sin] = [filled(c!, halfDims).data, filled(s!, halfDims).data];
    const data = new Float64Array(x!.data.length);
    for (let i = 0; i < cos.length; i++) {
      const at = Math.floor(i / half) * width + (i % half);
      const [a, b] = [x!.data[at]!, x!.data[at + half]!];
      data[at] = a * cos[i]! - b * sin[i]!;
      data[at + half] = b * cos[i]! + a * sin[i]!;
    }
    return [{ dims: x!.dims, data }];
  },
};

function mapped(x: Value, f: (x: number) => number): Value & { readonly data: Float64Array } {
  return { dims: x.dims, data: Float64Array.from(x.data, f) };
}

function map<K extends OperationName>(f: (x: number) => number): Kernel<K> {
  return (_, [x]) => [mapped(x!, f)];
}

function zipped(a: Value, b: Value, f: (a: number, b: number) => number): Value {
  const dims = broadcastDims(a.dims, b.dims);
  const [x, y] = [filled(a, dims).data, filled(b, dims).data];
  const data = emptyLike(a.data, x.length);
  for (let i = 0; i < data.length; i++) data[i] = f(x[i]!, y[i]!);
  return { dims, data };
}

function zip<K extends OperationName>(f: (a: number, b: number) => number): Kernel<K> {
  return (_, [a, b]) => [zipped(a!, b!, f)];
}

function test<K extends OperationName>(f: (a: number, b: number) => boolean): Kernel<K> {
  return (_, [a, b]) => {
    const dims = broadcastDims(a!.dims, b!.dims);
    const [x, y] = [filled(a!, dims).data, filled(b!, dims).data];
    return [{ dims, data: Uint8Array.from(x, (v, i) => (f(v, y[i]!) ? 1 : 0)) }];
  };
}

function strided(x: Value, dims: readonly number[], strides: readonly number[], start = 0): Value {
  const data = emptyLike(x.data, countOf(dims));
  walk(
    dims,
    strides,
    (out, source) => {
      data[out] = x.data[source]!;
    },
    start,
  );
  return { dims, data };
}

/** The value repeated to fill a shape that it broadcasts to. */
function filled(x: Value, dims: readonly number[]): Value {
  return strided(x, dims, broadcastStrides(x.dims, dims));
}

function cut(x: Value, axis: number, start: number, size: number): Value {
  const strides = stridesOf(x.dims);
  return strided(
    x,
    x.dims.map((dim, i) => (i === axis ? size : dim)),
    strides,
    start * strides[axis]!,
  );
}

function paste(out: Value, part: Value, axis: number, offset: number): void {
  const strides = stridesOf(out.dims);
  walk(
    part.dims,
    strides,
    (source, at) => {
      out.data[at] = part.data[source]!;
    },
    offset * strides[axis]!,
  );
}

/** Calls `visit(place in x, index element)` for each element of `indices`. */
function elements(x: Value, indices: Value, axis: number, visit: (at: number, i: number) => void): void {
  const strides = stridesOf(x.dims);
  const along = strides[axis]!;
  walk(
    indices.dims,
    strides.map((stride, i) => (i === axis ? 0 : stride)),
    (i, at) => visit(at + indices.data[i]! * along, i),
  );
}

function matrix(x: Value, transposed: boolean): readonly [number, number] {
  const [rows, columns] = [x.dims.at(-2)!, x.dims.at(-1)!];
  return transposed ? [columns, rows] : [rows, columns];
}

function eachRow(x: Value, visit: (row: Float64Array, at: number, index: number) => void): void {
  const width = x.dims.at(-1)!;
  for (let at = 0, index = 0; at < x.data.length; at += width, index++)
    visit(x.data.subarray(at, at + width) as Float64Array, at, index);
}

function rows<K extends OperationName>(f: (row: Float64Array, out: Float64Array) => void): Kernel<K> {
  return (_, [x]) => {
    const data = new Float64Array(x!.data.length);
    eachRow(x!, (row, at) => f(row, data.subarray(at, at + row.length)));
    return [{ dims: x!.dims, data }];
  };
}

function logSoftmaxRow(row: Float64Array, out: Float64Array): void {
  const top = row.reduce((a, b) => Math.max(a, b), Number.NEGATIVE_INFINITY);
  const shift = top + Math.log(row.reduce((sum, v) => sum + Math.exp(v - top), 0));
  for (let i = 0; i < row.length; i++) out[i] = row[i]! - shift;
}

function perRow(x: Value): {
  dims: readonly number[];
  data: Float64Array;
  statistics: () => { dims: number[]; data: Float64Array };
} {
  const dims = [...x.dims.slice(0, -1), 1];
  return {
    dims: x.dims,
    data: new Float64Array(x.data.length),
    statistics: () => ({ dims, data: new Float64Array(countOf(dims)) }),
  };
}

function reduction<K extends "reduceSum" | "reduceMean" | "reduceMax">(
  start: number,
  combine: (a: number, b: number) => number,
  mean = false,
): Kernel<K> {
  return ({ attributes }, [x]) => {
    const { axes, keepDims } = attributes as NodeOf<"reduceSum">["attributes"];
    const kept = x!.dims.map((dim, i) => (axes.includes(i) ? 1 : dim));
    const data = new Float64Array(countOf(kept)).fill(start);
    // Walking x in order while moving through the result with stride 0 along the reduced axes.
    walk(x!.dims, broadcastStrides(kept, x!.dims), (i, at) => {
      data[at] = combine(data[at]!, x!.data[i]!);
    });
    const count = axes.reduce((product, axis) => product * x!.dims[axis]!, 1);
    return [
      {
        dims: keepDims ? kept : x!.dims.filter((_, i) => !axes.includes(i)),
        data: mean ? data.map((v) => v / count) : data,
      },
    ];
  };
}

function sigmoid(x: number): number {
  return x >= 0 ? 1 / (1 + Math.exp(-x)) : Math.exp(x) / (1 + Math.exp(x));
}

/** The error function to full double precision: a power series near 0, a continued fraction beyond. */
function erf(x: number): number {
  const a = Math.abs(x);
  if (a > 6) return Math.sign(x);
  if (a < 2.5) {
    let term = a;
    let sum = a;
    for (let n = 1; Math.abs(term) > 1e-17 * Math.abs(sum); n++) {
      term *= (-a * a) / n;
      sum += term / (2 * n + 1);
    }
    return Math.sign(x) * (2 / Math.sqrt(Math.PI)) * sum;
  }
  let fraction = 0;
  for (let n = 60; n >= 1; n--) fraction = n / 2 / (a + fraction);
  return Math.sign(x) * (1 - Math.exp(-a * a) / (Math.sqrt(Math.PI) * (a + fraction)));
}
