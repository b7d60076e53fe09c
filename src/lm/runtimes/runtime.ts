/**
 * What executes programs. A session keeps named tensors in the runtime's own memory, so that weights,
 * optimiser state and key/value caches do not travel between runs.
 */

import type { Program } from "../graph/graph.ts";

/** A tensor outside a runtime; `data` is row-major and fits `type`: bool as 0/1 bytes. */
export type TensorData =
  | { readonly type: "float"; readonly dims: readonly number[]; readonly data: Float32Array | Float64Array }
  | { readonly type: "int32"; readonly dims: readonly number[]; readonly data: Int32Array }
  | { readonly type: "int64"; readonly dims: readonly number[]; readonly data: BigInt64Array }
  | { readonly type: "bool"; readonly dims: readonly number[]; readonly data: Uint8Array };

/** Tensors by name. */
export type Tensors = Readonly<Record<string, TensorData>>;

/** What `Runtime.load` takes beside the model. */
export interface LoadOptions {
  /**
   * Weights frozen into the model, by parameter name; every parameter not named here becomes an input, to be
   * written or fed. Only for programs. Frozen weights are fastest; weights that change must be inputs.
   */
  readonly weights?: Tensors;
  /** Stops waiting for the load; the session is not made. */
  readonly signal?: AbortSignal;
}

/** What `Session.run` takes beside the feeds. */
export interface RunOptions {
  /** Names of the outputs that come back. */
  readonly fetch: readonly string[];
  /** Outputs that stay in the runtime and are the named inputs of later runs: `{ outputName: inputName }`. */
  readonly carry?: Readonly<Record<string, string>>;
  /** Ends the waiting with Cancelled; a run that has begun is finished behind the scenes, and its carries count. */
  readonly signal?: AbortSignal;
}

/** A loaded model with resident tensors. Calls are carried out one at a time, in the order in which they were made. */
export interface Session {
  /** Names of the model's inputs (parameters that were not frozen included). */
  readonly inputs: readonly string[];
  /** Names of the model's outputs. */
  readonly outputs: readonly string[];
  /** Puts tensors into the session's memory, as the inputs of these names, until they are overwritten. */
  write(tensors: Tensors): Promise<void>;
  /**
   * Makes these tensors inputs that each run reads anew, so that the caller may change its own arrays between runs. A
   * session in the caller's thread reads them in place; others copy them at each run.
   */
  share(tensors: Tensors): Promise<void>;
  /** Runs the model on feeds and resident tensors; throws InvalidInput naming an input that has neither. */
  run(feeds: Tensors, options: RunOptions): Promise<Tensors>;
  /** Copies of resident tensors. */
  read(names: readonly string[]): Promise<Tensors>;
  /** Frees the session; later calls throw. */
  close(): Promise<void>;
}

/** An executor of programs. */
export interface Runtime {
  /** Names the executor with its version and settings: what must be equal for equal bits. */
  readonly name: string;
  /** Loads a program, or the bytes of any ONNX model. */
  load(model: Program | Uint8Array, options?: LoadOptions): Promise<Session>;
}
