/** One or more small graphs for each operation, on which gradients and runtimes are checked. */

import {
  add,
  after,
  and,
  argMax,
  attention,
  attentionBias,
  cast,
  causalMask,
  concat,
  cos,
  crossEntropy,
  type DType,
  div,
  equal,
  erf,
  exp,
  expand,
  Graph,
  gather,
  gatherElements,
  gelu,
  interpret,
  inverseFrequencies,
  layerNorm,
  less,
  lessOrEqual,
  linear,
  log,
  logProbability,
  logSigmoid,
  logSoftmax,
  matmul,
  maximum,
  minimum,
  mul,
  neg,
  not,
  or,
  pad,
  reciprocal,
  reduceMax,
  reduceMean,
  reduceSum,
  relu,
  repeatHeads,
  reshape,
  rmsNorm,
  rotary,
  rotaryTables,
  type Shape,
  scatterAdd,
  scatterAddElements,
  sigmoid,
  silu,
  sin,
  slice,
  softmax,
  softplus,
  split,
  sqrt,
  square,
  sub,
  type Tensor,
  tanh,
  transpose,
  type Value,
  where,
} from "../../src/lm/graph/index.ts";

/** An input: its shape, and what its values are like. */
export interface CaseInput {
  readonly dtype?: DType;
  readonly shape: Shape;
  /** float: all values above 0.5; int32: values below this bound; distinct: no two values within 0.05. */
  readonly positive?: boolean;
  readonly below?: number;
  readonly distinct?: boolean;
}

export interface GraphCase {
  readonly name: string;
  readonly inputs: Readonly<Record<string, CaseInput>>;
  readonly build: (t: Readonly<Record<string, Tensor>>, graph: Graph) => Tensor;
}

const B = "batch";
const T = "sequence";

/** The sizes of the named dimensions. */
export const sizes: Readonly<Record<string, number>> = { batch: 2, sequence: 3, past: 2 };

const x23 = { x: { shape: [B, 3] } };

function unary(name: string, operation: (x: Tensor) => Tensor, positive = false): GraphCase {
  return {
    name,
    inputs: { x: { shape: [B, 4], positive, distinct: true } },
    build: ({ x }) => operation(x!),
  };
}

function binary(name: string, operation: (a: Tensor, b: Tensor) => Tensor): readonly GraphCase[] {
  const build: GraphCase["build"] = ({ a, b }) => operation(a!, b!);
  return [
    {
      name,
      inputs: { a: { shape: [B, 4], distinct: true }, b: { shape: [B, 4], positive: true, distinct: true } },
      build,
    },
    {
      name: `${name}, broadcast right`,
      inputs: { a: { shape: [B, T, 4] }, b: { shape: [4], positive: true } },
      build,
    },
    {
      name: `${name}, broadcast both`,
      inputs: { a: { shape: [B, 1, 4] }, b: { shape: [T, 1], positive: true } },
      build,
    },
  ];
}

function matmulCase(name: string, a: Shape, b: Shape, transposeA = false, transposeB = false): GraphCase {
  return {
    name: `matmul ${name}`,
    inputs: { a: { shape: a }, b: { shape: b } },
    build: (t) => matmul(t["a"]!, t["b"]!, { transposeA, transposeB }),
  };
}

export const graphCases: readonly GraphCase[] = [
  unary("neg", neg),
  unary("exp", exp),
  unary("log", log, true),
  unary("sqrt", sqrt, true),
  unary("reciprocal", reciprocal, true),
  unary("square", square),
  unary("sin", sin),
  unary("cos", cos),
  unary("tanh", tanh),
  unary("erf", erf),
  unary("sigmoid", sigmoid),
  unary("softplus", softplus),
  unary("softplus, far out", (x) => softplus(mul(x, 40))),
  unary("logSigmoid, far out", (x) => logSigmoid(mul(x, 40))),
  unary("relu", relu),
  unary("silu", silu),
  unary("gelu, tanh", (x) => gelu(x, { approximate: "tanh" })),
  unary("gelu, erf", (x) => gelu(x)),
  ...binary("add", add),
  ...binary("sub", sub),
  ...binary("mul", mul),
  ...binary("div", div),
  ...binary("maximum", maximum),
  ...binary("minimum", minimum),
  unary("number operands", (x) => sub(1, div(add(x, 2), 3))),
  unary("fan-out", (x) => mul(add(x, exp(x)), mul(x, x))),

  {
    name: "equal",
    inputs: { a: { dtype: "int32", shape: [B, 4], below: 2 }, b: { dtype: "int32", shape: [4], below: 2 } },
    build: ({ a, b }) => equal(a!, b!),
  },
  { name: "less", inputs: { a: { shape: [B, 4] }, b: { shape: [4] } }, build: ({ a, b }) => less(a!, b!) },
  {
    name: "lessOrEqual, int32",
    inputs: { a: { dtype: "int32", shape: [B, 4], below: 3 } },
    build: ({ a }) => lessOrEqual(a!, 1),
  },
  {
    name: "and",
    inputs: { a: { dtype: "bool", shape: [B, 4] }, b: { dtype: "bool", shape: [4] } },
    build: ({ a, b }) => and(a!, b!),
  },
  {
    name: "or, not",
    inputs: { a: { dtype: "bool", shape: [B, 4] }, b: { dtype: "bool", shape: [4] } },
    build: ({ a, b }) => or(a!, not(b!)),
  },
  {
    name: "where",
    inputs: { c: { dtype: "bool", shape: [B, 4] }, a: { shape: [4] }, b: { shape: [B, 1] } },
    build: ({ c, a, b }) => where(c!, a!, b!),
  },
  {
    name: "where, numbers",
    inputs: { c: { dtype: "bool", shape: [B, 4] } },
    build: ({ c }) => where(c!, 0, -1e9),
  },
  {
    name: "cast int32 to float",
    inputs: { a: { dtype: "int32", shape: [B, 4], below: 9 } },
    build: ({ a }) => cast(a!, "float"),
  },
  {
    name: "cast float to int32",
    inputs: { x: { shape: [B, 4] } },
    build: ({ x }) => cast(mul(x!, 10), "int32"),
  },
  { name: "cast bool", inputs: { x: { shape: [B, 4] } }, build: ({ x }) => cast(less(x!, 0.1), "int32") },
  {
    name: "int32 arithmetic",
    inputs: { a: { dtype: "int32", shape: [B, 4], below: 9 } },
    build: ({ a }) => sub(mul(add(a!, 2), 3), a!),
  },

  matmulCase("matrices", [T, 4], [4, 5]),
  matmulCase("matrices, a transposed", [4, T], [4, 5], true),
  matmulCase("matrices, b transposed", [T, 4], [5, 4], false, true),
  matmulCase("matrices, both transposed", [4, T], [5, 4], true, true),
  matmulCase("rows by matrix", [B, T, 4], [4, 5]),
  matmulCase("rows by matrix, transposed", [B, T, 4], [5, 4], false, true),
  matmulCase("columns by matrix", [B, 4, T], [4, 5], true),
  matmulCase("batches", [B, 2, T, 4], [B, 2, 4, T]),
  matmulCase("batches, b transposed", [B, 2, T, 4], [B, 2, T, 4], false, true),
  matmulCase("batches, a transposed", [B, 2, 4, T], [B, 2, 4, 5], true),
  matmulCase("batches, both transposed", [B, 2, 4, T], [B, 2, 5, 4], true, true),
  matmulCase("broadcast batches", [B, 1, T, 4], [2, 4, 5]),
  {
    name: "linear",
    inputs: { x: { shape: [B, T, 4] }, w: { shape: [4, 5] }, b: { shape: [5] } },
    build: ({ x, w, b }) => linear(x!, w!, { bias: b! }),
  },

  { name: "softmax", inputs: { x: { shape: [B, T, 4] } }, build: ({ x }) => softmax(mul(x!, 3)) },
  { name: "logSoftmax", inputs: { x: { shape: [B, T, 4] } }, build: ({ x }) => logSoftmax(mul(x!, 3)) },
  {
    name: "reduceSum",
    inputs: { x: { shape: [B, T, 4] } },
    build: ({ x }) => reduceSum(x!, { axes: [0, 2] }),
  },
  { name: "reduceSum, all", inputs: x23, build: ({ x }) => reduceSum(x!) },
  {
    name: "reduceMean",
    inputs: { x: { shape: [B, T, 4] } },
    build: ({ x }) => reduceMean(x!, { axes: [1], keepDims: true }),
  },
  { name: "reduceMean, all", inputs: { x: { shape: [B, T] } }, build: ({ x }) => reduceMean(square(x!)) },
  {
    name: "reduceMax",
    inputs: { x: { shape: [B, T, 4], distinct: true } },
    build: ({ x }) => reduceMax(x!, { axes: 1 }),
  },
  { name: "argMax", inputs: { x: { shape: [B, T, 4] } }, build: ({ x }) => argMax(x!) },

  {
    name: "reshape, named sizes kept",
    inputs: { x: { shape: [B, T, 4] } },
    build: ({ x }) => reshape(x!, [B, T, 2, 2]),
  },
  { name: "reshape, flattened", inputs: { x: { shape: [B, T, 4] } }, build: ({ x }) => reshape(x!, [-1, 4]) },
  {
    name: "reshape, shape calculated",
    inputs: { x: { shape: [B, T, 4] } },
    build: ({ x }) => reshape(transpose(reshape(x!, [-1, 4])), [2, 2, T, B]),
  },
  { name: "expand", inputs: { x: { shape: [B, 1, 4] } }, build: ({ x }) => expand(x!, [3, B, 2, 4]) },
  { name: "transpose", inputs: { x: { shape: [B, T, 4] } }, build: ({ x }) => transpose(x!, [2, 0, 1]) },
  {
    name: "concat",
    inputs: { a: { shape: [B, 2, 3] }, b: { shape: [B, 1, 3] } },
    build: ({ a, b }) => concat([a!, b!, a!], 1),
  },
  {
    name: "concat, named sizes",
    inputs: { a: { shape: [B, "past", 3] }, b: { shape: [B, T, 3] } },
    build: ({ a, b }) => concat([a!, b!], 1),
  },
  {
    name: "split",
    inputs: { x: { shape: [B, 6] } },
    build: ({ x }) => mul(split(x!, [2, 1, 2, 1], 1)[2]!, split(x!, [2, 1, 2, 1], 1)[0]!),
  },
  { name: "slice", inputs: { x: { shape: [B, 6] } }, build: ({ x }) => slice(x!, 1, 1, -2) },
  {
    name: "slice, named size",
    inputs: { x: { shape: [B, T, 2] } },
    build: ({ x }) => mul(slice(x!, 1, 0, -1), slice(x!, 1, 1)),
  },
  { name: "slice, last place", inputs: { x: { shape: [B, T, 2] } }, build: ({ x }) => slice(x!, 1, -1) },
  {
    name: "after",
    inputs: { x: { shape: [B, T] }, y: { shape: [T, 2] }, z: { shape: [1] } },
    build: ({ x, y, z }) => mul(after(x!, [y!, z!]), mul(reduceSum(y!), z!)),
  },
  {
    name: "after, of a fixed shape and an integer",
    inputs: { i: { dtype: "int32", shape: [2, 3], below: 9 }, y: { shape: [3] } },
    build: ({ i, y }) => mul(cast(after(i!, [y!]), "float"), y!),
  },
  { name: "pad", inputs: { x: { shape: [B, T] } }, build: ({ x }) => pad(x!, 1, 2, 1) },

  {
    name: "gather",
    inputs: { table: { shape: [5, 3] }, i: { dtype: "int32", shape: [B, T], below: 3 } },
    build: ({ table, i }) => gather(table!, i!),
  },
  {
    name: "scatterAdd",
    inputs: {
      base: { shape: [5, 3] },
      i: { dtype: "int32", shape: [B, T], below: 3 },
      u: { shape: [B, T, 3] },
    },
    build: ({ base, i, u }) => scatterAdd(base!, i!, u!),
  },
  {
    name: "gatherElements",
    inputs: { x: { shape: [B, 4, 3] }, i: { dtype: "int32", shape: [B, 5, 3], below: 4 } },
    build: ({ x, i }) => gatherElements(x!, i!, 1),
  },
  {
    name: "scatterAddElements",
    inputs: { x: { shape: [B, 4] }, i: { dtype: "int32", shape: [B, 5], below: 4 }, u: { shape: [B, 5] } },
    build: ({ x, i, u }) => scatterAddElements(x!, i!, u!, -1),
  },
  {
    name: "logProbability",
    inputs: { x: { shape: [B, T, 5] }, i: { dtype: "int32", shape: [B, T], below: 5 } },
    build: ({ x, i }) => logProbability(x!, i!),
  },
  {
    name: "crossEntropy",
    inputs: {
      x: { shape: [B, T, 5] },
      i: { dtype: "int32", shape: [B, T], below: 5 },
      w: { shape: [B, T], positive: true },
    },
    build: ({ x, i, w }) => crossEntropy(x!, i!, w!),
  },

  {
    name: "layerNorm",
    inputs: { x: { shape: [B, T, 6] }, scale: { shape: [6] }, bias: { shape: [6] } },
    build: ({ x, scale, bias }) => layerNorm(x!, scale!, bias!),
  },
  {
    name: "rmsNorm",
    inputs: { x: { shape: [B, T, 6] }, scale: { shape: [6] } },
    build: ({ x, scale }) => rmsNorm(x!, scale!),
  },
  {
    name: "rotary",
    inputs: { x: { shape: [B, 2, T, 4] }, c: { shape: [B, 1, T, 2] }, s: { shape: [B, 1, T, 2] } },
    build: ({ x, c, s }) => rotary(x!, { cos: c!, sin: s! }),
  },
  {
    name: "rotary tables",
    inputs: { x: { shape: [B, 2, T, 4] }, p: { dtype: "int32", shape: [B, T], below: 50 } },
    build: ({ x, p }) => rotary(x!, rotaryTables(p!, inverseFrequencies(4, 10000))),
  },
  { name: "repeatHeads", inputs: { x: { shape: [B, 2, T, 3] } }, build: ({ x }) => repeatHeads(x!, 2) },
  {
    name: "attention, grouped and masked",
    inputs: {
      q: { shape: [B, 4, T, 3] },
      k: { shape: [B, 2, "past+sequence", 3] },
      v: { shape: [B, 2, "past+sequence", 3] },
      past: { shape: ["past"] },
      keys: { dtype: "bool", shape: [B, "past+sequence"] },
    },
    build: ({ q, k, v, keys, past }, graph) => {
      const queries = add(graph.iota(T), cast(graph.dimension("past"), "int32"));
      const causal = causalMask(queries, graph.iota("past+sequence"));
      const mixed = attention(q!, k!, v!, { bias: attentionBias({ causal, keys: keys! }) });
      return add(mixed, reduceSum(past!));
    },
  },
  {
    name: "constant",
    inputs: x23,
    build: ({ x }, graph) =>
      mul(
        x!,
        graph.constant(
          [
            [1, 2, 3],
            [4, 5, 6],
          ].flat(),
          { shape: [2, 1, 3] },
        ),
      ),
  },
  { name: "parameter", inputs: x23, build: ({ x }) => exp(x!) },
  {
    name: "iota",
    inputs: x23,
    build: ({ x }, graph) => add(reduceSum(x!, { axes: 1 }), cast(graph.iota(B), "float")),
  },
  {
    name: "dimension",
    inputs: { x: { shape: [B, T] } },
    build: ({ x }, graph) => mul(x!, graph.dimension("2*batch*sequence-batch+1")),
  },
];

/** Numbers in [0, 1) that look random; equal for equal seeds. */
export function noise(seed: number): () => number {
  let state = (seed * 2654435761 + 12345) >>> 0;
  return () => {
    state = (Math.imul(state ^ (state >>> 15), 2246822519) + 374761393) >>> 0;
    return ((state ^ (state >>> 13)) >>> 0) / 2 ** 32;
  };
}

function sized(shape: Shape): number[] {
  return shape.map((dim) =>
    typeof dim === "number" ? dim : dim.split("+").reduce((sum, name) => sum + sizes[name]!, 0),
  );
}

function makeValue(
  { dtype = "float", shape, positive, below = 2, distinct }: CaseInput,
  next: () => number,
): Value {
  const dims = sized(shape);
  const length = dims.reduce((a, b) => a * b, 1);
  if (dtype === "int32") return { dims, data: Int32Array.from({ length }, () => Math.floor(next() * below)) };
  // The first of each four keys is always allowed, so that no row of a mask is empty.
  if (dtype === "bool")
    return { dims, data: Uint8Array.from({ length }, (_, i) => (i % 4 === 0 || next() < 0.5 ? 1 : 0)) };
  const data = Float64Array.from({ length }, () => 2 * next() - 1);
  if (distinct) {
    // Values spread evenly in a shuffled order, none near 0.
    const order = Array.from(data.keys()).sort((a, b) => data[a]! - data[b]!);
    for (const [place, i] of order.entries()) data[i] = (place - length / 2 + 0.37) * (1.6 / length);
  }
  return { dims, data: positive ? data.map((v) => Math.abs(v) + 0.5) : data };
}

/** A case made concrete: the graph, its result, and a loss Σ result·cotangent for float results. */
export interface BuiltCase {
  readonly graph: Graph;
  readonly inputs: Readonly<Record<string, Tensor>>;
  readonly output: Tensor;
  readonly feeds: Readonly<Record<string, Value>>;
  readonly loss: Tensor | undefined;
  /** The number of nodes before the loss was added. */
  readonly nodes: number;
}

/** Builds a case with deterministic feeds. */
export function buildCase({ inputs, build }: GraphCase, seed = 1): BuiltCase {
  const graph = new Graph();
  const next = noise(seed);
  const tensors: Record<string, Tensor> = {};
  const feeds: Record<string, Value> = {};
  for (const [name, input] of Object.entries(inputs)) {
    const float = (input.dtype ?? "float") === "float";
    tensors[name] =
      float && name !== "past"
        ? graph.parameter(name, input.shape)
        : graph.input(name, input.dtype ?? "float", input.shape);
    feeds[name] = makeValue(input, next);
  }
  const output = build(tensors, graph);
  const nodes = graph.nodes.length;
  if (output.dtype !== "float") return { graph, inputs: tensors, output, feeds, loss: undefined, nodes };
  const { dims } = interpret({ output }, feeds).output;
  const cotangent = graph.input("cotangent", "float", output.shape);
  feeds["cotangent"] = makeValue({ shape: dims }, next);
  return { graph, inputs: tensors, output, feeds, loss: reduceSum(mul(output, cotangent)), nodes };
}
