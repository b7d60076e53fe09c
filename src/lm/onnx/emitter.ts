/** Collects the nodes and constants of an ONNX graph while a program is written out. */

import { InvalidInput } from "../../core/errors.ts";
import { type Dim, dimTerms, type Shape } from "../graph/dims.ts";
import type { Tensor } from "../graph/graph.ts";
import type { ElementType, OnnxAttributes, OnnxNode, OnnxTensor } from "./schema.ts";

/** Where in the inputs a named dimension can be read. */
export type DimSources = ReadonlyMap<string, { readonly input: string; readonly axis: number }>;

export class Emitter {
  readonly nodes: OnnxNode[] = [];
  readonly initialisers: OnnxTensor[] = [];
  /** Whether operators of com.microsoft may be used. */
  readonly contrib: boolean;
  readonly #sources: DimSources;
  readonly #names: ReadonlyMap<number, string>;
  /** Helper tensors by what they hold, so that each is made once. */
  readonly #made: Map<string, string> = new Map();

  constructor(names: ReadonlyMap<number, string>, sources: DimSources, contrib: boolean) {
    this.#names = names;
    this.#sources = sources;
    this.contrib = contrib;
  }

  /** The ONNX name of a tensor. */
  name(tensor: Tensor): string {
    return this.#names.get(tensor.id)!;
  }

  /** Adds an operator that writes the given names. */
  write(
    outputs: readonly string[],
    op: string,
    inputs: readonly string[],
    attributes: OnnxAttributes = {},
    domain = "",
  ): void {
    this.nodes.push({ op, domain, inputs, outputs, attributes });
  }

  /** Adds an operator with one output of a fresh name, which it returns. */
  emit(op: string, inputs: readonly string[], attributes: OnnxAttributes = {}, domain = ""): string {
    const output = `/${op}_${this.nodes.length}`;
    this.write([output], op, inputs, attributes, domain);
    return output;
  }

  /** A constant tensor. */
  constant(name: string, type: ElementType, dims: readonly number[], data: ArrayLike<number>): string {
    this.initialisers.push({ name, type, dims, raw: rawBytes(type, data) });
    return name;
  }

  /** A float scalar. */
  scalar(value: number): string {
    return this.#once(`float ${value}`, (name) => this.constant(name, "float", [], [value]));
  }

  /** A vector of 64-bit integers. */
  int64s(values: readonly number[]): string {
    return this.#once(`int64 ${values}`, (name) => this.constant(name, "int64", [values.length], values));
  }

  /** A dimension as an int64 vector of one element, calculated from the shapes of inputs where it is symbolic. */
  size(dim: Dim): string {
    if (typeof dim === "number") return this.int64s([dim]);
    return this.#once(`size ${dim}`, () => {
      const terms = dimTerms(dim).map(([coefficient, names]) => {
        const factors = names.map((name) => this.#named(name));
        if (coefficient !== 1 || factors.length === 0) factors.push(this.int64s([coefficient]));
        return factors.reduce((a, b) => this.emit("Mul", [a, b]));
      });
      return terms.reduce((a, b) => this.emit("Add", [a, b]));
    });
  }

  /** A shape as an int64 vector. */
  shape(dims: Shape): string {
    if (dims.every((dim) => typeof dim === "number")) return this.int64s(dims);
    return this.#once(`shape ${dims}`, () =>
      this.emit(
        "Concat",
        dims.map((dim) => this.size(dim)),
        { axis: 0 },
      ),
    );
  }

  /** The target of a Reshape from `from`: 0 copies a dimension, -1 works one out, the rest is calculated. */
  reshapeTarget(from: Shape, to: Shape): string {
    const copied = to.map((dim, i) => (typeof dim === "string" && from[i] === dim ? 0 : dim));
    const symbolic = copied.filter((dim) => typeof dim === "string").length;
    if (symbolic <= 1) return this.int64s(copied.map((dim) => (typeof dim === "string" ? -1 : dim)));
    return this.shape(to);
  }

  #named(name: string): string {
    return this.#once(`dim ${name}`, () => {
      const source = this.#sources.get(name);
      if (source === undefined) {
        throw new InvalidInput(
          `no input of the program has the dimension "${name}" alone, so its size cannot be known; declare one`,
        );
      }
      return this.emit("Shape", [source.input], { start: source.axis, end: source.axis + 1 });
    });
  }

  #once(key: string, make: (name: string) => string): string {
    let name = this.#made.get(key);
    if (name === undefined) {
      name = make(`/${key}`);
      this.#made.set(key, name);
    }
    return name;
  }
}

function rawBytes(type: ElementType, data: ArrayLike<number>): Uint8Array {
  if (type === "float" && data instanceof Float32Array)
    return new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
  const array =
    type === "float"
      ? Float32Array.from(data)
      : type === "int32"
        ? Int32Array.from(data)
        : type === "int64"
          ? BigInt64Array.from(Array.from(data, BigInt))
          : Uint8Array.from(data);
  return new Uint8Array(array.buffer);
}
