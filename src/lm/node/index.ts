export { type NodeOptions, onnxRuntimeNode } from "./onnx-runtime.ts";
