/** Operations that rearrange, cut and repeat, without arithmetic. */

import { InvalidInput } from "../../core/errors.ts";
import {
  addDims,
  broadcastShapes,
  canonicalDim,
  type Dim,
  divideDim,
  multiplyDims,
  type Shape,
  sameShape,
  showShape,
  subtractDims,
} from "./dims.ts";
import { fixedDim, requireType, resolveAxis, type Tensor } from "./graph.ts";

/** The same elements in another shape; one size may be -1 and is worked out from the rest. */
export function reshape(x: Tensor, shape: Shape): Tensor {
  if (shape.filter((dim) => dim === -1).length > 1) {
    throw new InvalidInput(`reshape: only one size of ${showShape(shape)} may be -1`);
  }
  const total = multiplyDims(x.shape);
  const unknown = shape.indexOf(-1);
  const known = multiplyDims(shape.filter((dim) => dim !== -1));
  const rest = unknown < 0 ? known : divideDim(total, known);
  const complete =
    rest === undefined ? shape : shape.map((dim, i) => (i === unknown ? rest : canonicalDim(dim)));
  if (rest === undefined || multiplyDims(complete) !== total) {
    throw new InvalidInput(
      `reshape: ${showShape(x.shape)} (${total} elements) does not fill ${showShape(shape)}`,
    );
  }
  if (sameShape(complete, x.shape)) return x;
  const source = x.node.op === "reshape" ? x.node.inputs[0]! : x;
  if (sameShape(complete, source.shape)) return source;
  return x.graph.make("reshape", { shape: complete }, [source], [{ dtype: x.dtype, shape: complete }])[0]!;
}

/** x, calculated only once all the others are known; their elements, at least one of each, do not matter. */
export function after(x: Tensor, others: readonly Tensor[]): Tensor {
  for (const other of others) requireType("after", other, "float");
  if (others.length === 0) return x;
  return x.graph.make("after", {}, [x, ...others], [{ dtype: x.dtype, shape: x.shape }])[0]!;
}

/** Adds axes of size 1 so that each listed axis of the result has size 1. */
export function unsqueeze(x: Tensor, ...axes: readonly number[]): Tensor {
  const rank = x.shape.length + axes.length;
  const added = new Set(axes.map((axis) => (axis < 0 ? axis + rank : axis)));
  if (added.size !== axes.length || [...added].some((axis) => axis < 0 || axis >= rank)) {
    throw new InvalidInput(`unsqueeze: axes ${axes.join(", ")} do not fit a result of ${rank} axes`);
  }
  const rest = [...x.shape];
  return reshape(
    x,
    Array.from({ length: rank }, (_, i): Dim => (added.has(i) ? 1 : rest.shift()!)),
  );
}

/** Repeats along axes of size 1, and adds leading axes, to fill the shape. */
export function expand(x: Tensor, shape: Shape): Tensor {
  const target = shape.map(canonicalDim);
  if (!sameShape(broadcastShapes(x.shape, target, "expand"), target)) {
    throw new InvalidInput(`expand: ${showShape(x.shape)} does not broadcast to ${showShape(target)}`);
  }
  if (sameShape(x.shape, target)) return x;
  return x.graph.make("expand", { shape: target }, [x], [{ dtype: x.dtype, shape: target }])[0]!;
}

/** Axis i of the result is axis `permutation[i]` of x; by default the last two axes change places. */
export function transpose(x: Tensor, permutation?: readonly number[]): Tensor {
  const rank = x.shape.length;
  const order = permutation ?? Array.from({ length: rank }, (_, i) => (i < rank - 2 ? i : 2 * rank - 3 - i));
  if (
    order.length !== rank ||
    new Set(order).size !== rank ||
    order.some((a) => !Number.isInteger(a) || a < 0 || a >= rank)
  ) {
    throw new InvalidInput(`transpose: [${order}] is not an order of the axes of ${showShape(x.shape)}`);
  }
  if (order.every((axis, i) => axis === i)) return x;
  if (x.node.op === "transpose") {
    const before = x.node.attributes.permutation;
    return transpose(
      x.node.inputs[0]!,
      order.map((axis) => before[axis]!),
    );
  }
  return x.graph.make(
    "transpose",
    { permutation: order },
    [x],
    [{ dtype: x.dtype, shape: order.map((a) => x.shape[a]!) }],
  )[0]!;
}

/** The tensors one after another along an axis; their other sizes must be equal. */
export function concat(parts: readonly Tensor[], axis: number): Tensor {
  const first = parts[0];
  if (first === undefined) throw new InvalidInput("concat: give at least one tensor");
  if (parts.length === 1) return first;
  const at = resolveAxis("concat", first.shape, axis);
  for (const part of parts) {
    if (
      part.dtype !== first.dtype ||
      part.shape.length !== first.shape.length ||
      part.shape.some((d, i) => i !== at && d !== first.shape[i])
    ) {
      throw new InvalidInput(
        `concat: ${part.dtype} ${showShape(part.shape)} does not continue ${first.dtype} ${showShape(first.shape)} along axis ${axis}`,
      );
    }
  }
  const shape = first.shape.map((dim, i) =>
    i === at ? addDims(...parts.map((part) => part.shape[at]!)) : dim,
  );
  return first.graph.make("concat", { axis: at }, parts, [{ dtype: first.dtype, shape }])[0]!;
}

/** Cuts an axis of fixed size into parts of the given sizes (a number: so many equal parts). */
export function split(x: Tensor, parts: number | readonly number[], axis: number): readonly Tensor[] {
  const at = resolveAxis("split", x.shape, axis);
  const length = fixedDim("split", x, at);
  const sizes = typeof parts === "number" ? Array.from({ length: parts }, () => length / parts) : parts;
  if (
    sizes.length === 0 ||
    sizes.some((s) => !Number.isInteger(s) || s < 1) ||
    sizes.reduce((a, b) => a + b) !== length
  ) {
    throw new InvalidInput(
      `split: axis ${axis} of ${showShape(x.shape)} cannot be cut into ${Array.isArray(parts) ? `[${parts}]` : `${parts} parts`}`,
    );
  }
  if (sizes.length === 1) return [x];
  const outputs = sizes.map((size) => ({
    dtype: x.dtype,
    shape: x.shape.map((dim, i) => (i === at ? size : dim)),
  }));
  return x.graph.make("split", { axis: at, sizes }, [x], outputs);
}

/**
 * The part [start, end) of an axis; a negative number counts from the axis' end, an absent `end` is the
 * end itself. On an axis of size "n", `slice(x, 1, 0, -1)` has size "n-1" and `slice(x, 1, -1)` size 1.
 */
export function slice(x: Tensor, axis: number, start: Dim, end?: Dim): Tensor {
  const at = resolveAxis("slice", x.shape, axis);
  const dim = x.shape[at]!;
  const from = place(dim, start);
  const to = end === undefined ? dim : place(dim, end);
  const size = subtractDims(to, from);
  if (size === 0 || (typeof dim === "number" && typeof to === "number" && to > dim)) {
    throw new InvalidInput(
      `slice: [${start}, ${end ?? "end"}) is not a part of axis ${axis} of ${showShape(x.shape)}`,
    );
  }
  if (size === dim) return x;
  const shape = x.shape.map((d, i) => (i === at ? size : d));
  return x.graph.make("slice", { axis: at, start: from, end: to }, [x], [{ dtype: x.dtype, shape }])[0]!;
}

function place(dim: Dim, at: Dim): Dim {
  return typeof at === "number" && at < 0 ? subtractDims(dim, -at) : canonicalDim(at);
}

/** The tensor with `before` and `after` zeros added along an axis. */
export function pad(x: Tensor, axis: number, before: Dim, after: Dim): Tensor {
  const at = resolveAxis("pad", x.shape, axis);
  const size = addDims(before, x.shape[at]!, after);
  if (size === x.shape[at]) return x;
  const shape = x.shape.map((dim, i) => (i === at ? size : dim));
  const attributes = { axis: at, before: canonicalDim(before), after: canonicalDim(after) };
  return x.graph.make("pad", attributes, [x], [{ dtype: x.dtype, shape }])[0]!;
}
