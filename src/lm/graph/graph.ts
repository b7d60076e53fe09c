/**
 * A graph of tensor operations. Nodes are made by the operation functions (`add`, `matmul`, ...) in the
 * order in which they are called, which is also the order of execution; equal nodes are made once.
 */

import { InvalidInput } from "../../core/errors.ts";
import { canonicalDim, type Dim, multiplyDims, type Shape, showShape } from "./dims.ts";

/** Element type: "float" is f32 in ONNX and f64 in the interpreter. */
export type DType = "float" | "int32" | "bool";

/** The value of one output of a node; all that is known of it before a run. */
export interface Tensor {
  readonly graph: Graph;
  readonly id: number;
  readonly dtype: DType;
  readonly shape: Shape;
  readonly node: Node;
}

/** What a constant holds: f64 values for "float", 0/1 bytes for "bool". */
export type ConstantData = Float64Array | Float32Array | Int32Array | Uint8Array;

type Nothing = Readonly<Record<never, never>>;

/** Every primitive operation with its attributes: the vocabulary of rules, kernels and emission. */
export interface Operations {
  readonly input: { readonly name: string };
  readonly parameter: { readonly name: string };
  readonly constant: { readonly data: ConstantData };
  /** A dimension's size as a float scalar. */
  readonly dimension: { readonly dim: Dim };
  /** 0, 1, ..., dim - 1 as int32. */
  readonly iota: { readonly dim: Dim };

  readonly neg: Nothing;
  readonly exp: Nothing;
  readonly log: Nothing;
  readonly sqrt: Nothing;
  readonly reciprocal: Nothing;
  readonly square: Nothing;
  readonly sin: Nothing;
  readonly cos: Nothing;
  readonly tanh: Nothing;
  readonly erf: Nothing;
  readonly sigmoid: Nothing;
  readonly softplus: Nothing;
  readonly relu: Nothing;
  /** Outputs x·sigmoid(x) and sigmoid(x). */
  readonly silu: Nothing;
  /** Outputs the value and the factor by which x is multiplied (a smooth step), which the gradient needs. */
  readonly gelu: { readonly approximate: "tanh" | "none" };

  readonly add: Nothing;
  readonly sub: Nothing;
  readonly mul: Nothing;
  readonly div: Nothing;
  readonly maximum: Nothing;
  readonly minimum: Nothing;

  readonly equal: Nothing;
  readonly less: Nothing;
  readonly lessOrEqual: Nothing;
  readonly and: Nothing;
  readonly or: Nothing;
  readonly not: Nothing;
  readonly where: Nothing;
  readonly cast: { readonly to: DType };

  readonly matmul: { readonly transposeA: boolean; readonly transposeB: boolean };

  readonly softmax: Nothing;
  readonly logSoftmax: Nothing;
  readonly reduceSum: { readonly axes: readonly number[]; readonly keepDims: boolean };
  readonly reduceMean: { readonly axes: readonly number[]; readonly keepDims: boolean };
  readonly reduceMax: { readonly axes: readonly number[]; readonly keepDims: boolean };
  readonly argMax: Nothing;

  readonly reshape: { readonly shape: Shape };
  readonly expand: { readonly shape: Shape };
  readonly transpose: { readonly permutation: readonly number[] };
  readonly concat: { readonly axis: number };
  readonly split: { readonly axis: number; readonly sizes: readonly number[] };
  readonly slice: { readonly axis: number; readonly start: Dim; readonly end: Dim };
  /** The first input, once all the others are known: an order where data give none. */
  readonly after: Nothing;
  /** Zeros before and after along one axis. */
  readonly pad: { readonly axis: number; readonly before: Dim; readonly after: Dim };

  /** Rows of a table: inputs table [n, ...rest] and indices [...]; output [...indices, ...rest]. */
  readonly gather: Nothing;
  /** Inputs base [n, ...rest], indices, updates [...indices, ...rest]: base with each update added to its row. */
  readonly scatterAdd: Nothing;
  readonly gatherElements: { readonly axis: number };
  readonly scatterAddElements: { readonly axis: number };
  /** Inputs logits [..., classes] and targets [...]; outputs log-probability [...] and all log-probabilities. */
  readonly pickLogSoftmax: Nothing;

  /** Inputs x, scale, bias; outputs value, mean, inverse standard deviation (both [..., 1]). */
  readonly layerNorm: { readonly epsilon: number };
  /** Inputs x, scale; outputs value, inverse root mean square ([..., 1]). */
  readonly rmsNorm: { readonly epsilon: number };
  /** Inputs x [..., d], cos, sin [..., d/2]: the rotation of the pairs (x_i, x_{i+d/2}). */
  readonly rotary: Nothing;
}

/** The name of a primitive operation. */
export type OperationName = keyof Operations;

/** One operation applied to inputs. */
export interface NodeOf<K extends OperationName> {
  readonly op: K;
  readonly index: number;
  readonly attributes: Operations[K];
  readonly inputs: readonly Tensor[];
  readonly outputs: readonly Tensor[];
}

/** Any operation applied to inputs. */
export type Node = { [K in OperationName]: NodeOf<K> }[OperationName];

/** What a graph computes once its outputs are named; runtimes load this. */
export interface Program {
  /** Outputs by name. */
  readonly outputs: Readonly<Record<string, Tensor>>;
}

/** A growing list of operations; see `input`, `parameter`, `constant` and the operation functions. */
export class Graph {
  readonly nodes: Node[] = [];
  readonly #named: Map<string, Tensor> = new Map();
  readonly #seen: Map<string, Node> = new Map();
  #tensors = 0;

  /**
   * A value fed at each run, e.g. `graph.input("tokens", "int32", ["batch", "sequence"])`.
   * Throws InvalidInput when the name is taken.
   */
  input(name: string, dtype: DType, shape: Shape): Tensor {
    return this.#name(name, () => this.make("input", { name }, [], [{ dtype, shape }])[0]!);
  }

  /** A float weight; at emission it becomes an initialiser or an input of the same name. */
  parameter(name: string, shape: Shape): Tensor {
    return this.#name(name, () => this.make("parameter", { name }, [], [{ dtype: "float", shape }])[0]!);
  }

  /** A fixed value; numbers are taken as float unless `dtype` says otherwise, `shape` defaults to a scalar or vector. */
  constant(
    value: number | readonly number[] | ConstantData,
    options: { readonly dtype?: DType; readonly shape?: Shape } = {},
  ): Tensor {
    const dtype =
      options.dtype ??
      (value instanceof Int32Array ? "int32" : value instanceof Uint8Array ? "bool" : "float");
    const values = typeof value === "number" ? [value] : value;
    const data: Float64Array | Int32Array | Uint8Array =
      dtype === "float"
        ? Float64Array.from(values)
        : dtype === "int32"
          ? Int32Array.from(values)
          : Uint8Array.from(values);
    const shape = options.shape ?? (typeof value === "number" ? [] : [data.length]);
    if (multiplyDims(shape) !== data.length) {
      throw new InvalidInput(`constant: ${data.length} values do not fill shape ${showShape(shape)}`);
    }
    return this.make("constant", { data }, [], [{ dtype, shape }])[0]!;
  }

  /** The size of a dimension as a float scalar. */
  dimension(dim: Dim): Tensor {
    return typeof dim === "number"
      ? this.constant(dim)
      : this.make("dimension", { dim }, [], [{ dtype: "float", shape: [] }])[0]!;
  }

  /** The int32 vector 0, 1, ..., dim - 1. */
  iota(dim: Dim): Tensor {
    return this.make("iota", { dim }, [], [{ dtype: "int32", shape: [dim] }])[0]!;
  }

  /** The input or parameter of this name; throws InvalidInput when there is none. */
  named(name: string): Tensor {
    const tensor = this.#named.get(name);
    if (tensor === undefined) throw new InvalidInput(`the graph has no input or parameter "${name}"`);
    return tensor;
  }

  /** All parameters in the order in which they were made. */
  get parameters(): readonly Tensor[] {
    return [...this.#named.values()].filter((tensor) => tensor.node.op === "parameter");
  }

  /** Adds one operation and returns its outputs; the operation functions call this after their own checks. */
  make<K extends OperationName>(
    op: K,
    attributes: Operations[K],
    inputs: readonly Tensor[],
    outputs: readonly { readonly dtype: DType; readonly shape: Shape }[],
  ): readonly Tensor[] {
    for (const input of inputs) {
      if (input.graph !== this) throw new InvalidInput(`${op}: its inputs belong to different graphs`);
    }
    const shapes = outputs.map(({ shape }) => shape.map(canonicalDim));
    const key = `${op}(${inputs.map((input) => input.id)})${this.#attributeKey(attributes)}${outputs[0]!.dtype}[${shapes[0]}]`;
    const seen = this.#seen.get(key);
    if (seen !== undefined) return seen.outputs;
    const made: Tensor[] = [];
    const node = { op, index: this.nodes.length, attributes, inputs, outputs: made } as NodeOf<K> as Node;
    for (const [i, { dtype }] of outputs.entries()) {
      made.push({ graph: this, id: this.#tensors++, dtype, shape: shapes[i]!, node });
    }
    this.nodes.push(node);
    this.#seen.set(key, node);
    return made;
  }

  /** Text that is equal for equal attributes; long constants are never compared, each is its own. */
  #attributeKey(attributes: object): string {
    return JSON.stringify(attributes, (_, value: unknown) => {
      if (!ArrayBuffer.isView(value)) return value;
      const data = value as Float64Array;
      return data.length > 64 ? `constant ${this.nodes.length}` : Array.from(data, String);
    });
  }

  #name(name: string, make: () => Tensor): Tensor {
    if (this.#named.has(name))
      throw new InvalidInput(`the graph already has an input or parameter "${name}"`);
    const tensor = make();
    this.#named.set(name, tensor);
    return tensor;
  }
}

/** A tensor, or a number that stands for a scalar constant. */
export type Operand = Tensor | number;

/** The graph of the first tensor among the operands; throws InvalidInput when all are numbers. */
export function graphOf(where: string, ...operands: readonly Operand[]): Graph {
  for (const operand of operands) if (typeof operand !== "number") return operand.graph;
  throw new InvalidInput(`${where}: at least one operand must be a tensor`);
}

/** The axis counted from 0; throws InvalidInput when the shape has no such axis. */
export function resolveAxis(where: string, shape: Shape, axis: number): number {
  const resolved = axis < 0 ? axis + shape.length : axis;
  if (!Number.isInteger(axis) || resolved < 0 || resolved >= shape.length) {
    throw new InvalidInput(`${where}: shape ${showShape(shape)} has no axis ${axis}`);
  }
  return resolved;
}

/** Throws InvalidInput unless the tensor has the element type. */
export function requireType(where: string, tensor: Tensor, dtype: DType): void {
  if (tensor.dtype !== dtype)
    throw new InvalidInput(
      `${where}: expected ${dtype}, got ${tensor.dtype} of shape ${showShape(tensor.shape)}`,
    );
}

/** The tensor's size along an axis, or InvalidInput when it is symbolic. */
export function fixedDim(where: string, tensor: Tensor, axis: number): number {
  const dim = tensor.shape[resolveAxis(where, tensor.shape, axis)]!;
  if (typeof dim !== "number")
    throw new InvalidInput(`${where}: axis ${axis} of ${showShape(tensor.shape)} must have a fixed size`);
  return dim;
}
