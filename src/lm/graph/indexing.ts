/** Reading and adding at places given by index tensors. Indices are int32 and must lie inside the axis. */

import { InvalidInput } from "../../core/errors.ts";
import { sameShape, showShape } from "./dims.ts";
import { requireType, resolveAxis, type Tensor } from "./graph.ts";

/** Rows of a table: `gather(table [n, ...rest], indices [...i])` is [...i, ...rest]; an embedding lookup. */
export function gather(table: Tensor, indices: Tensor): Tensor {
  requireType("gather", indices, "int32");
  resolveAxis("gather", table.shape, 0);
  const shape = [...indices.shape, ...table.shape.slice(1)];
  return table.graph.make("gather", {}, [table, indices], [{ dtype: table.dtype, shape }])[0]!;
}

/** `base` [n, ...rest] with each update [...rest] of `updates` [...i, ...rest] added to the row that `indices` [...i] names. */
export function scatterAdd(base: Tensor, indices: Tensor, updates: Tensor): Tensor {
  requireType("scatterAdd", base, "float");
  requireType("scatterAdd", indices, "int32");
  requireType("scatterAdd", updates, "float");
  resolveAxis("scatterAdd", base.shape, 0);
  const expected = [...indices.shape, ...base.shape.slice(1)];
  if (!sameShape(updates.shape, expected)) {
    throw new InvalidInput(
      `scatterAdd: updates ${showShape(updates.shape)} should be ${showShape(expected)}`,
    );
  }
  return base.graph.make(
    "scatterAdd",
    {},
    [base, indices, updates],
    [{ dtype: "float", shape: base.shape }],
  )[0]!;
}

/** Elements picked along one axis: the result has the shape of `indices`, which equals x's but on that axis. */
export function gatherElements(x: Tensor, indices: Tensor, axis: number): Tensor {
  const at = elementsAxis("gatherElements", x, indices, axis);
  return x.graph.make(
    "gatherElements",
    { axis: at },
    [x, indices],
    [{ dtype: x.dtype, shape: indices.shape }],
  )[0]!;
}

/** `base` with each update added at the place that `indices` names along the axis. */
export function scatterAddElements(base: Tensor, indices: Tensor, updates: Tensor, axis: number): Tensor {
  const at = elementsAxis("scatterAddElements", base, indices, axis);
  requireType("scatterAddElements", base, "float");
  requireType("scatterAddElements", updates, "float");
  if (!sameShape(updates.shape, indices.shape)) {
    throw new InvalidInput(
      `scatterAddElements: updates ${showShape(updates.shape)} and indices ${showShape(indices.shape)} differ`,
    );
  }
  return base.graph.make(
    "scatterAddElements",
    { axis: at },
    [base, indices, updates],
    [{ dtype: "float", shape: base.shape }],
  )[0]!;
}

function elementsAxis(where: string, x: Tensor, indices: Tensor, axis: number): number {
  requireType(where, indices, "int32");
  const at = resolveAxis(where, x.shape, axis);
  if (
    indices.shape.length !== x.shape.length ||
    indices.shape.some((dim, i) => i !== at && dim !== x.shape[i])
  ) {
    throw new InvalidInput(
      `${where}: indices ${showShape(indices.shape)} must equal ${showShape(x.shape)} but on axis ${axis}`,
    );
  }
  return at;
}

/**
 * log softmax(logits)[target] for logits [..., classes] and int32 targets [...]: the log-probability of each
 * target token. Its gradient is one pass over the logits.
 */
export function logProbability(logits: Tensor, targets: Tensor): Tensor {
  requireType("logProbability", logits, "float");
  requireType("logProbability", targets, "int32");
  if (logits.shape.length === 0 || !sameShape(logits.shape.slice(0, -1), targets.shape)) {
    throw new InvalidInput(
      `logProbability: targets ${showShape(targets.shape)} do not fit logits ${showShape(logits.shape)}`,
    );
  }
  return logits.graph.make(
    "pickLogSoftmax",
    {},
    [logits, targets],
    [
      { dtype: "float", shape: targets.shape },
      { dtype: "float", shape: logits.shape },
    ],
  )[0]!;
}
