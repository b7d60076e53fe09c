/** Products of matrices, sums, means and maxima over axes, and normalised exponentials. */

import { InvalidInput } from "../../core/errors.ts";
import { broadcastShapes, type Dim, showShape } from "./dims.ts";
import { mul, reciprocal } from "./elementwise.ts";
import { requireType, resolveAxis, type Tensor } from "./graph.ts";
import { expand, reshape } from "./movement.ts";

/** Whether an operand of `matmul` is taken transposed in its last two axes. */
export interface MatmulOptions {
  readonly transposeA?: boolean;
  readonly transposeB?: boolean;
}

/**
 * The matrix product over the last two axes, leading axes broadcast: [..., m, k] by [..., k, n] gives
 * [..., m, n]. A matrix [k, n] on the right is one product over all rows of a. Throws InvalidInput when shapes do not fit.
 */
export function matmul(a: Tensor, b: Tensor, options: MatmulOptions = {}): Tensor {
  requireType("matmul", a, "float");
  requireType("matmul", b, "float");
  const { transposeA = false, transposeB = false } = options;
  if (a.shape.length < 2 || b.shape.length < 2) {
    throw new InvalidInput(
      `matmul: both operands need two axes or more, got ${showShape(a.shape)} and ${showShape(b.shape)}`,
    );
  }
  const [m, k] = transposeA ? [a.shape.at(-1)!, a.shape.at(-2)!] : [a.shape.at(-2)!, a.shape.at(-1)!];
  const [inner, n] = transposeB ? [b.shape.at(-1)!, b.shape.at(-2)!] : [b.shape.at(-2)!, b.shape.at(-1)!];
  if (k !== inner) {
    const marks = [transposeA ? "ᵀ" : "", transposeB ? "ᵀ" : ""];
    throw new InvalidInput(
      `matmul: ${showShape(a.shape)}${marks[0]} by ${showShape(b.shape)}${marks[1]}: inner sizes ${k} and ${inner} differ`,
    );
  }
  const shape = [...broadcastShapes(a.shape.slice(0, -2), b.shape.slice(0, -2), "matmul"), m, n];
  return a.graph.make("matmul", { transposeA, transposeB }, [a, b], [{ dtype: "float", shape }])[0]!;
}

/** Axes of a reduction (default: all) and whether they stay as size 1 (default: false). */
export interface ReduceOptions {
  readonly axes?: number | readonly number[];
  readonly keepDims?: boolean;
}

function reduce(op: "reduceSum" | "reduceMean" | "reduceMax", x: Tensor, options: ReduceOptions): Tensor {
  requireType(op, x, "float");
  const { axes = x.shape.map((_, i) => i), keepDims = false } = options;
  const list = [
    ...new Set((typeof axes === "number" ? [axes] : axes).map((axis) => resolveAxis(op, x.shape, axis))),
  ].sort((a, b) => a - b);
  if (list.length === 0) return x;
  const shape = x.shape.flatMap((dim, i): Dim[] => (list.includes(i) ? (keepDims ? [1] : []) : [dim]));
  if (list.every((axis) => x.shape[axis] === 1)) return reshape(x, shape);
  return x.graph.make(op, { axes: list, keepDims }, [x], [{ dtype: "float", shape }])[0]!;
}

/** The sum over axes. */
export function reduceSum(x: Tensor, options: ReduceOptions = {}): Tensor {
  return reduce("reduceSum", x, options);
}

/** The mean over axes. */
export function reduceMean(x: Tensor, options: ReduceOptions = {}): Tensor {
  return reduce("reduceMean", x, options);
}

/** The largest element; at a tie the gradient goes to every place that attains it. */
export function reduceMax(x: Tensor, options: ReduceOptions = {}): Tensor {
  return reduce("reduceMax", x, options);
}

/** The place of the largest element along the last axis, as int32; the first at a tie. */
export function argMax(x: Tensor): Tensor {
  requireType("argMax", x, "float");
  resolveAxis("argMax", x.shape, -1);
  return x.graph.make("argMax", {}, [x], [{ dtype: "int32", shape: x.shape.slice(0, -1) }])[0]!;
}

/** eˣ / Σeˣ along the last axis, without overflow. */
export function softmax(x: Tensor): Tensor {
  requireType("softmax", x, "float");
  resolveAxis("softmax", x.shape, -1);
  return x.graph.make("softmax", {}, [x], [{ dtype: "float", shape: x.shape }])[0]!;
}

/** x − log Σeˣ along the last axis, without overflow. */
export function logSoftmax(x: Tensor): Tensor {
  requireType("logSoftmax", x, "float");
  resolveAxis("logSoftmax", x.shape, -1);
  return x.graph.make("logSoftmax", {}, [x], [{ dtype: "float", shape: x.shape }])[0]!;
}

/** Sums over the axes along which `shape` was broadcast, so that the result has that shape. */
export function sumTo(x: Tensor, shape: readonly Dim[]): Tensor {
  const extra = x.shape.length - shape.length;
  const axes = x.shape.flatMap((dim, i) => (i < extra || (shape[i - extra] === 1 && dim !== 1) ? [i] : []));
  return reshape(axes.length === 0 ? x : reduceSum(x, { axes, keepDims: true }), shape);
}

/** Σ(x·weights) / Σweights over all elements: the mean over what a mask keeps. */
export function weightedMean(x: Tensor, weights: Tensor): Tensor {
  const total = reduceSum(expand(weights, x.shape));
  return mul(reduceSum(mul(x, weights)), reciprocal(total));
}
