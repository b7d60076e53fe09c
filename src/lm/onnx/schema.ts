/** The messages of the ONNX format (onnx.proto3) that emitted models consist of. */

import type { Shape } from "../graph/dims.ts";
import { bytes, float, int, ints, type Message, message, nested, string } from "./protobuf.ts";

/** ONNX element types by name. */
export const elementTypes = { float: 1, int32: 6, int64: 7, bool: 9 } as const;

export type ElementType = keyof typeof elementTypes;

/** Attributes of an ONNX node: whole numbers, lists of them, texts, or `{ float }`. */
export type OnnxAttributes = Readonly<
  Record<string, number | readonly number[] | string | { readonly float: number }>
>;

/** One operator call. */
export interface OnnxNode {
  readonly op: string;
  readonly domain: string;
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  readonly attributes: OnnxAttributes;
}

/** A constant tensor with its raw little-endian bytes. */
export interface OnnxTensor {
  readonly name: string;
  readonly type: ElementType;
  readonly dims: readonly number[];
  readonly raw: Uint8Array;
}

/** An input or output with its shape; texts are named dimensions. */
export interface OnnxValue {
  readonly name: string;
  readonly type: ElementType;
  readonly shape: Shape;
}

/** All of a model. */
export interface OnnxModel {
  readonly opset: number;
  readonly nodes: readonly OnnxNode[];
  readonly initialisers: readonly OnnxTensor[];
  readonly inputs: readonly OnnxValue[];
  readonly outputs: readonly OnnxValue[];
}

/** The format's version that goes with operator set 18. */
const IR_VERSION = 8;

/** The model as a message, ready for `encode`. */
export function modelMessage(model: OnnxModel): Message {
  const graph = message(
    ...model.nodes.map((node, i) => nested(1, nodeMessage(node, i))),
    string(2, "fpx"),
    ...model.initialisers.map((tensor) => nested(5, tensorMessage(tensor))),
    ...model.inputs.map((value) => nested(11, valueMessage(value))),
    ...model.outputs.map((value) => nested(12, valueMessage(value))),
  );
  const domains = new Set(model.nodes.map((node) => node.domain));
  const contributed = [...domains].filter((domain) => domain !== "");
  return message(
    int(1, IR_VERSION),
    string(2, "fpx"),
    nested(7, graph),
    nested(8, message(string(1, ""), int(2, model.opset))),
    ...contributed.map((domain) => nested(8, message(string(1, domain), int(2, 1)))),
  );
}

function nodeMessage(node: OnnxNode, index: number): Message {
  return message(
    ...node.inputs.map((name) => string(1, name)),
    ...node.outputs.map((name) => string(2, name)),
    string(3, `${node.op}_${index}`),
    string(4, node.op),
    ...Object.entries(node.attributes).map(([name, value]) => nested(5, attributeMessage(name, value))),
    ...(node.domain === "" ? [] : [string(7, node.domain)]),
  );
}

function attributeMessage(name: string, value: OnnxAttributes[string]): Message {
  const named = string(1, name);
  if (typeof value === "number") return message(named, int(3, value), int(20, 2));
  if (typeof value === "string") return message(named, string(4, value), int(20, 3));
  if ("float" in value) return message(named, float(2, value.float), int(20, 1));
  return message(named, ints(8, value), int(20, 7));
}

function tensorMessage(tensor: OnnxTensor): Message {
  return message(
    ints(1, tensor.dims),
    int(2, elementTypes[tensor.type]),
    string(8, tensor.name),
    bytes(9, tensor.raw),
  );
}

function valueMessage(value: OnnxValue): Message {
  const dims = value.shape.map((dim) => nested(1, typeof dim === "number" ? int(1, dim) : string(2, dim)));
  const tensorType = message(int(1, elementTypes[value.type]), nested(2, message(...dims)));
  return message(string(1, value.name), nested(2, nested(1, tensorType)));
}
