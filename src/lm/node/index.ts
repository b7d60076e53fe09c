export {
  readAdapter,
  readModel,
  readTokenizer,
  weightsDigest,
  writeAdapter,
  writeModel,
} from "./model-files.ts";
export { type NodeOptions, onnxRuntimeNode } from "./onnx-runtime.ts";
export { type LoadPolicyOptions, loadPolicy } from "./policy.ts";
