/**
 * The reverse-mode rule of every operation: from the gradient of the first output (the parts of a split
 * have one each) to that of each input, as operations of the same graph.
 */

import { addDims, multiplyDims, subtractDims } from "./dims.ts";
import {
  add,
  cos,
  div,
  equal,
  exp,
  less,
  lessOrEqual,
  mul,
  neg,
  sin,
  square,
  sub,
  where,
} from "./elementwise.ts";
import type { NodeOf, OperationName, Tensor } from "./graph.ts";
import { gather, gatherElements, scatterAdd, scatterAddElements } from "./indexing.ts";
import { concat, expand, pad, reshape, slice, split, transpose, unsqueeze } from "./movement.ts";
import { rotary } from "./neural.ts";
import { matmul, reduceMean, reduceSum, sumTo } from "./reduction.ts";

/** One entry per input, called only when that input's gradient is wanted; undefined where there is none. */
export type InputGradients = readonly ((() => Tensor) | undefined)[];

/** `outputs` holds the gradient of every output, undefined where the loss does not depend on it. */
export type GradientRule<K extends OperationName> = (
  node: NodeOf<K>,
  gradient: Tensor,
  outputs: readonly (Tensor | undefined)[],
) => InputGradients;

/** Rules by operation; undefined marks an operation through which no gradient flows. */
export const gradientRules: { readonly [K in OperationName]: GradientRule<K> | undefined } = {
  input: undefined,
  parameter: undefined,
  constant: undefined,
  dimension: undefined,
  iota: undefined,
  equal: undefined,
  less: undefined,
  lessOrEqual: undefined,
  and: undefined,
  or: undefined,
  not: undefined,
  cast: undefined,
  argMax: undefined,

  neg: unary((g) => neg(g)),
  exp: unary((g, _, y) => mul(g, y)),
  log: unary((g, x) => div(g, x)),
  sqrt: unary((g, _, y) => div(mul(g, 0.5), y)),
  reciprocal: unary((g, _, y) => neg(mul(g, square(y)))),
  square: unary((g, x) => mul(g, mul(x, 2))),
  sin: unary((g, x) => mul(g, cos(x))),
  cos: unary((g, x) => neg(mul(g, sin(x)))),
  tanh: unary((g, _, y) => mul(g, sub(1, square(y)))),
  erf: unary((g, x) => mul(g, mul(exp(neg(square(x))), 2 / Math.sqrt(Math.PI)))),
  sigmoid: unary((g, _, y) => mul(g, mul(y, sub(1, y)))),
  softplus: unary((g, x, y) => mul(g, exp(sub(x, y)))),
  relu: unary((g, x) => where(less(0, x), g, 0)),
  silu: ({ outputs: [value, gate] }, g) => [() => mul(g, add(gate!, mul(value!, sub(1, gate!))))],
  gelu: ({ attributes, inputs: [x], outputs: [value, gate] }, g) => [
    () =>
      mul(
        g,
        add(gate!, attributes.approximate === "tanh" ? tanhGateTerm(x!, value!, gate!) : erfGateTerm(x!)),
      ),
  ],

  add: ({ inputs: [a, b] }, g) => [() => sumTo(g, a!.shape), () => sumTo(g, b!.shape)],
  sub: ({ inputs: [a, b] }, g) => [() => sumTo(g, a!.shape), () => neg(sumTo(g, b!.shape))],
  mul: ({ inputs: [a, b] }, g) => [() => sumTo(mul(g, b!), a!.shape), () => sumTo(mul(g, a!), b!.shape)],
  div: ({ inputs: [a, b], outputs: [y] }, g) => [
    () => sumTo(div(g, b!), a!.shape),
    () => neg(sumTo(mul(g, div(y!, b!)), b!.shape)),
  ],
  maximum: ({ inputs: [a, b] }, g) => [
    () => sumTo(where(lessOrEqual(b!, a!), g, 0), a!.shape),
    () => sumTo(where(less(a!, b!), g, 0), b!.shape),
  ],
  minimum: ({ inputs: [a, b] }, g) => [
    () => sumTo(where(lessOrEqual(a!, b!), g, 0), a!.shape),
    () => sumTo(where(less(b!, a!), g, 0), b!.shape),
  ],
  where: ({ inputs: [condition, a, b] }, g) => [
    undefined,
    () => sumTo(where(condition!, g, 0), a!.shape),
    () => sumTo(where(condition!, 0, g), b!.shape),
  ],

  matmul: ({ attributes: { transposeA, transposeB }, inputs: [a, b] }, g) => [
    () =>
      sumTo(
        transposeA
          ? matmul(b!, g, { transposeA: transposeB, transposeB: true })
          : matmul(g, b!, { transposeB: !transposeB }),
        a!.shape,
      ),
    () => {
      // A matrix shared by all rows of a: one product over the flattened rows.
      const flat = b!.shape.length === 2 && !transposeA;
      const rows = flat ? reshape(a!, [-1, a!.shape.at(-1)!]) : a!;
      const gradient = flat ? reshape(g, [-1, g.shape.at(-1)!]) : g;
      const product = transposeB
        ? matmul(gradient, rows, { transposeA: true, transposeB: transposeA })
        : matmul(rows, gradient, { transposeA: !transposeA });
      return sumTo(product, b!.shape);
    },
  ],

  softmax: unary((g, _, y) => {
    const weighted = mul(g, y);
    return sub(weighted, mul(y, reduceSum(weighted, { axes: -1, keepDims: true })));
  }),
  logSoftmax: unary((g, _, y) => sub(g, mul(exp(y), reduceSum(g, { axes: -1, keepDims: true })))),
  reduceSum: ({ attributes, inputs: [x] }, g) => [() => expand(withAxes(g, x!, attributes.axes), x!.shape)],
  reduceMean: ({ attributes, inputs: [x] }, g) => [
    () => {
      const count = x!.graph.dimension(multiplyDims(attributes.axes.map((axis) => x!.shape[axis]!)));
      return expand(withAxes(div(g, count), x!, attributes.axes), x!.shape);
    },
  ],
  reduceMax: ({ attributes: { axes }, inputs: [x], outputs: [y] }, g) => [
    () => where(equal(x!, withAxes(y!, x!, axes)), withAxes(g, x!, axes), 0),
  ],

  reshape: ({ inputs: [x] }, g) => [() => reshape(g, x!.shape)],
  expand: ({ inputs: [x] }, g) => [() => sumTo(g, x!.shape)],
  transpose: ({ attributes: { permutation } }, g) => [
    () =>
      transpose(
        g,
        permutation.map((_, axis) => permutation.indexOf(axis)),
      ),
  ],
  concat: ({ attributes: { axis }, inputs }, g) => {
    const sizes = inputs.map((part) => part.shape[axis]!);
    if (sizes.every((size) => typeof size === "number"))
      return inputs.map((_, i) => () => split(g, sizes, axis)[i]!);
    const ends = sizes.map((_, i) => addDims(...sizes.slice(0, i + 1)));
    return ends.map((end, i) => () => slice(g, axis, ends[i - 1] ?? 0, end));
  },
  split: ({ attributes: { axis }, outputs: parts }, _, gradients) => [
    () =>
      concat(
        parts.map((part, i) => gradients[i] ?? zeros(part)),
        axis,
      ),
  ],
  after: ({ inputs }, g) => inputs.map((_, i) => (i === 0 ? () => g : undefined)),
  slice: ({ attributes: { axis, start, end }, inputs: [x] }, g) => [
    () => pad(g, axis, start, subtractDims(x!.shape[axis]!, end)),
  ],
  pad: ({ attributes: { axis, before }, inputs: [x] }, g) => [
    () => slice(g, axis, before, addDims(before, x!.shape[axis]!)),
  ],

  gather: ({ inputs: [table, indices] }, g) => [() => scatterAdd(zeros(table!), indices!, g), undefined],
  scatterAdd: ({ inputs: [, indices] }, g) => [() => g, undefined, () => gather(g, indices!)],
  gatherElements: ({ attributes: { axis }, inputs: [x, indices] }, g) => [
    () => scatterAddElements(zeros(x!), indices!, g, axis),
    undefined,
  ],
  scatterAddElements: ({ attributes: { axis }, inputs: [, indices] }, g) => [
    () => g,
    undefined,
    () => gatherElements(g, indices!, axis),
  ],
  pickLogSoftmax: ({ inputs: [logits, targets], outputs: [, logProbabilities] }, g) => {
    const rank = logits!.shape.length;
    const gradient = unsqueeze(g, rank - 1);
    return [
      () =>
        scatterAddElements(
          mul(exp(logProbabilities!), neg(gradient)),
          unsqueeze(targets!, rank - 1),
          gradient,
          -1,
        ),
      undefined,
    ];
  },

  layerNorm: ({ inputs: [x, scale, bias], outputs: [, mean, inverse] }, g) => {
    const normal = (): Tensor => mul(sub(x!, mean!), inverse!);
    return [
      () => {
        const h = mul(g, scale!);
        const along = mul(normal(), rowMean(mul(h, normal())));
        return mul(inverse!, sub(sub(h, rowMean(h)), along));
      },
      () => sumTo(mul(g, normal()), scale!.shape),
      () => sumTo(g, bias!.shape),
    ];
  },
  rmsNorm: ({ inputs: [x, scale], outputs: [, inverse] }, g) => {
    const normal = (): Tensor => mul(x!, inverse!);
    return [
      () => {
        const h = mul(g, scale!);
        return mul(inverse!, sub(h, mul(normal(), rowMean(mul(h, normal())))));
      },
      () => sumTo(mul(g, normal()), scale!.shape),
    ];
  },
  rotary: ({ inputs: [x, c, s] }, g) => {
    const halves = (t: Tensor): readonly [Tensor, Tensor] => split(t, 2, -1) as readonly [Tensor, Tensor];
    const [x1, x2] = [() => halves(x!)[0], () => halves(x!)[1]];
    const [g1, g2] = [() => halves(g)[0], () => halves(g)[1]];
    return [
      () => rotary(g, { cos: c!, sin: neg(s!) }),
      () => sumTo(add(mul(g1(), x1()), mul(g2(), x2())), c!.shape),
      () => sumTo(sub(mul(g2(), x1()), mul(g1(), x2())), s!.shape),
    ];
  },
};

function unary<K extends OperationName>(rule: (g: Tensor, x: Tensor, y: Tensor) => Tensor): GradientRule<K> {
  return ({ inputs, outputs }, g) => [() => rule(g, inputs[0]!, outputs[0]!)];
}

/** The reduced tensor with its axes back as size 1. */
function withAxes(reduced: Tensor, x: Tensor, axes: readonly number[]): Tensor {
  return reshape(
    reduced,
    x.shape.map((dim, i) => (axes.includes(i) ? 1 : dim)),
  );
}

function rowMean(x: Tensor): Tensor {
  return reduceMean(x, { axes: -1, keepDims: true });
}

function zeros(like: Tensor): Tensor {
  return expand(like.graph.constant(0), like.shape);
}

/** x·gate'(x) for gate = σ(2c(x + 0.044715 x³)), c = sqrt(2/π). */
function tanhGateTerm(x: Tensor, value: Tensor, gate: Tensor): Tensor {
  const c = Math.sqrt(2 / Math.PI);
  const slope = add(mul(square(x), 6 * 0.044715 * c), 2 * c);
  return mul(mul(value, sub(1, gate)), slope);
}

/** x·gate'(x) for gate = Φ(x): x times the normal density. */
function erfGateTerm(x: Tensor): Tensor {
  return mul(mul(x, exp(mul(square(x), -0.5))), 1 / Math.sqrt(2 * Math.PI));
}
