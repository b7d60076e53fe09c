/** How each operation is written in ONNX operators (operator set 18, standard operators unless `contrib`). */

import { multiplyDims } from "../graph/dims.ts";
import type { NodeOf, OperationName } from "../graph/graph.ts";
import type { Emitter } from "./emitter.ts";
import { elementTypes } from "./schema.ts";

/** Writes a node: `inputs` and `outputs` are ONNX names; unused outputs may be skipped when they are trailing. */
export type Writer<K extends OperationName> = (
  e: Emitter,
  node: NodeOf<K>,
  inputs: readonly string[],
  outputs: readonly string[],
) => void;

type Written = Exclude<OperationName, "input" | "parameter">;

const MICROSOFT = "com.microsoft";

/** Writers by operation. */
export const writers: { readonly [K in Written]: Writer<K> } = {
  constant: (e, { attributes, outputs }, _, [out]) => {
    const { dtype, shape } = outputs[0]!;
    e.constant(out!, dtype, shape as readonly number[], attributes.data);
  },
  dimension: (e, { attributes }, _, [out]) => {
    const size = e.emit("Cast", [e.size(attributes.dim)], { to: elementTypes.float });
    e.write([out!], "Squeeze", [size]);
  },
  iota: (e, { attributes }, _, [out]) => {
    const size = e.emit("Squeeze", [e.size(attributes.dim)]);
    const zero = e.emit("Squeeze", [e.int64s([0])]);
    const one = e.emit("Squeeze", [e.int64s([1])]);
    e.write([out!], "Cast", [e.emit("Range", [zero, size, one])], { to: elementTypes.int32 });
  },

  neg: same("Neg"),
  exp: same("Exp"),
  log: same("Log"),
  sqrt: same("Sqrt"),
  reciprocal: same("Reciprocal"),
  square: (e, _, [x], [out]) => e.write([out!], "Mul", [x!, x!]),
  sin: same("Sin"),
  cos: same("Cos"),
  tanh: same("Tanh"),
  erf: same("Erf"),
  sigmoid: same("Sigmoid"),
  softplus: same("Softplus"),
  relu: same("Relu"),
  silu: (e, _, [x], [out, gate]) => {
    e.write([gate!], "Sigmoid", [x!]);
    e.write([out!], "Mul", [x!, gate!]);
  },
  gelu: (e, { attributes }, [x], [out, gate]) => {
    if (attributes.approximate === "tanh") {
      const c = 2 * Math.sqrt(2 / Math.PI);
      const slope = e.emit("Add", [
        e.emit("Mul", [e.emit("Mul", [x!, x!]), e.scalar(0.044715 * c)]),
        e.scalar(c),
      ]);
      e.write([gate!], "Sigmoid", [e.emit("Mul", [x!, slope])]);
    } else {
      const error = e.emit("Erf", [e.emit("Mul", [x!, e.scalar(Math.SQRT1_2)])]);
      e.write([gate!], "Add", [e.emit("Mul", [error, e.scalar(0.5)]), e.scalar(0.5)]);
    }
    e.write([out!], "Mul", [x!, gate!]);
  },

  add: same("Add"),
  sub: same("Sub"),
  mul: same("Mul"),
  div: same("Div"),
  maximum: same("Max"),
  minimum: same("Min"),
  equal: same("Equal"),
  less: same("Less"),
  lessOrEqual: same("LessOrEqual"),
  and: same("And"),
  or: same("Or"),
  not: same("Not"),
  where: same("Where"),
  cast: (e, { attributes }, [x], [out]) => e.write([out!], "Cast", [x!], { to: elementTypes[attributes.to] }),

  matmul: (e, { attributes: { transposeA, transposeB }, inputs: [a, b] }, [x, y], [out]) => {
    if (!transposeA && !transposeB) return e.write([out!], "MatMul", [x!, y!]);
    const flags = { transA: Number(transposeA), transB: Number(transposeB) };
    if (a!.shape.length === 2 && b!.shape.length === 2) return e.write([out!], "Gemm", [x!, y!], flags);
    if (e.contrib) return e.write([out!], "FusedMatMul", [x!, y!], flags, MICROSOFT);
    const turned = (name: string, rank: number): string => {
      const perm = Array.from({ length: rank }, (_, i) => (i < rank - 2 ? i : 2 * rank - 3 - i));
      return e.emit("Transpose", [name], { perm });
    };
    const left = transposeA ? turned(x!, a!.shape.length) : x!;
    const right = transposeB ? turned(y!, b!.shape.length) : y!;
    e.write([out!], "MatMul", [left, right]);
  },

  softmax: same("Softmax", { axis: -1 }),
  logSoftmax: same("LogSoftmax", { axis: -1 }),
  reduceSum: reduce("ReduceSum"),
  reduceMean: reduce("ReduceMean"),
  reduceMax: reduce("ReduceMax"),
  argMax: (e, _, [x], [out]) => {
    const places = e.emit("ArgMax", [x!], { axis: -1, keepdims: 0 });
    e.write([out!], "Cast", [places], { to: elementTypes.int32 });
  },

  reshape: (e, { attributes, inputs: [x] }, [name], [out]) =>
    e.write([out!], "Reshape", [name!, e.reshapeTarget(x!.shape, attributes.shape)]),
  expand: (e, { attributes }, [x], [out]) => e.write([out!], "Expand", [x!, e.shape(attributes.shape)]),
  transpose: (e, { attributes }, [x], [out]) =>
    e.write([out!], "Transpose", [x!], { perm: attributes.permutation }),
  concat: (e, { attributes }, parts, [out]) => e.write([out!], "Concat", parts, { axis: attributes.axis }),
  split: (e, { attributes }, [x], outputs) =>
    e.write(outputs, "Split", [x!, e.int64s(attributes.sizes)], { axis: attributes.axis }),
  slice: (e, { attributes: { axis, start, end } }, [x], [out]) =>
    e.write([out!], "Slice", [x!, e.size(start), e.size(end), e.int64s([axis])]),
  // A reshape to x's own shape that needs an element of each of the others: no data move, and no rewriting of the graph
  // can take the dependence away.
  after: (e, _, [x, ...others], [out]) => {
    const [zero, one] = [e.int64s([0]), e.int64s([1])];
    const firsts = others.map((name) =>
      e.emit("Slice", [e.emit("Reshape", [name, e.int64s([-1])]), zero, one, zero]),
    );
    const whole = e.emit("Cast", [e.emit("Concat", firsts, { axis: 0 })], { to: elementTypes.int64 });
    const nothing = e.emit("ReduceSum", [e.emit("Mul", [whole, zero]), zero], { keepdims: 1 });
    e.write([out!], "Reshape", [x!, e.emit("Add", [e.emit("Shape", [x!]), nothing])]);
  },
  pad: (e, { attributes: { axis, before, after } }, [x], [out]) =>
    e.write([out!], "Pad", [x!, e.shape([before, after]), "", e.int64s([axis])]),

  gather: same("Gather"),
  // ScatterND would be shorter, but onnxruntime loses updates of one row when it adds them in several threads.
  scatterAdd: (e, { inputs: [base, indices, updates] }, [baseName, indexName, updateName], [out]) => {
    const width = base!.shape.slice(1);
    const column = e.emit("Reshape", [indexName!, e.int64s([-1, ...width.map(() => 1)])]);
    const places = e.emit("Expand", [column, e.shape([1, ...width])]);
    const rows = e.reshapeTarget(updates!.shape, [multiplyDims(indices!.shape), ...width]);
    const lines = e.emit("Reshape", [updateName!, rows]);
    e.write([out!], "ScatterElements", [baseName!, places, lines], { axis: 0, reduction: "add" });
  },
  gatherElements: (e, { attributes }, inputs, [out]) =>
    e.write([out!], "GatherElements", inputs, { axis: attributes.axis }),
  scatterAddElements: (e, { attributes }, inputs, [out]) =>
    e.write([out!], "ScatterElements", inputs, { axis: attributes.axis, reduction: "add" }),
  pickLogSoftmax: (e, _, [logits, targets], [out, all]) => {
    e.write([all!], "LogSoftmax", [logits!], { axis: -1 });
    const last = e.int64s([-1]);
    const picked = e.emit("GatherElements", [all!, e.emit("Unsqueeze", [targets!, last])], { axis: -1 });
    e.write([out!], "Squeeze", [picked, last]);
  },

  layerNorm: (e, { attributes }, inputs, outputs) =>
    e.write(outputs, "LayerNormalization", inputs, { axis: -1, epsilon: { float: attributes.epsilon } }),
  rmsNorm: (e, { attributes: { epsilon } }, [x, scale], [out, inverse]) => {
    if (e.contrib) {
      return e.write([out!, inverse!], "SimplifiedLayerNormalization", [x!, scale!], {
        axis: -1,
        epsilon: { float: epsilon },
      });
    }
    const mean = e.emit("ReduceMean", [e.emit("Mul", [x!, x!]), e.int64s([-1])], { keepdims: 1 });
    e.write([inverse!], "Reciprocal", [e.emit("Sqrt", [e.emit("Add", [mean, e.scalar(epsilon)])])]);
    e.write([out!], "Mul", [e.emit("Mul", [x!, inverse!]), scale!]);
  },
  rotary: (e, { inputs: [x] }, [name, cos, sin], [out]) => {
    const half = (x!.shape.at(-1) as number) / 2;
    const parts = [`${out}/1`, `${out}/2`] as const;
    e.write(parts, "Split", [name!, e.int64s([half, half])], { axis: -1 });
    const times = (a: string, b: string): string => e.emit("Mul", [a, b]);
    const first = e.emit("Sub", [times(parts[0], cos!), times(parts[1], sin!)]);
    const second = e.emit("Add", [times(parts[1], cos!), times(parts[0], sin!)]);
    e.write([out!], "Concat", [first, second], { axis: -1 });
  },
};

/** One operator of the same inputs and output. */
function same<K extends OperationName>(
  op: string,
  attributes: Readonly<Record<string, number>> = {},
): Writer<K> {
  return (e, _, inputs, [out]) => e.write([out!], op, inputs, attributes);
}

function reduce<K extends "reduceSum" | "reduceMean" | "reduceMax">(op: string): Writer<K> {
  return (e, node, [x], [out]) => {
    const { axes, keepDims } = node.attributes as NodeOf<"reduceSum">["attributes"];
    e.write([out!], op, [x!, e.int64s(axes)], { keepdims: Number(keepDims) });
  };
}
