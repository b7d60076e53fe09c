/** What the packages of onnxruntime have in common, as much as is used of them. */

import { FpxError, InvalidInput } from "../../core/errors.ts";
import type { Program } from "../graph/graph.ts";
import { emitOnnx } from "../onnx/emit.ts";
import type { Engine } from "./resident.ts";
import type { LoadOptions, TensorData } from "./runtime.ts";

/** A tensor of onnxruntime. */
export interface OrtTensor {
  readonly type: string;
  readonly dims: readonly number[];
  readonly data: unknown;
  readonly location: string;
  getData(): Promise<unknown>;
  dispose(): void;
}

/** A session of onnxruntime. */
export interface OrtSession {
  readonly inputNames: readonly string[];
  readonly outputNames: readonly string[];
  /** Since 1.22: what is known of the outputs before a run. */
  readonly outputMetadata?: readonly {
    readonly name: string;
    readonly shape?: readonly (number | string)[];
  }[];
  run(
    feeds: Readonly<Record<string, OrtTensor>>,
    fetches: Readonly<Record<string, OrtTensor | null>>,
  ): Promise<Readonly<Record<string, OrtTensor>>>;
  release(): Promise<void>;
}

/** The module `onnxruntime-node` or `onnxruntime-web`. */
export interface OrtModule {
  readonly Tensor: new (type: string, data: TensorData["data"], dims: readonly number[]) => OrtTensor;
  readonly InferenceSession: { create(model: Uint8Array, options: object): Promise<OrtSession> };
  readonly env: {
    readonly versions: Readonly<Record<string, string | undefined>>;
    readonly wasm: { numThreads?: number };
    logLevel?: string;
  };
}

const ortTypes = { float: "float32", int32: "int32", int64: "int64", bool: "bool" } as const;
const ourTypes: Readonly<Record<string, TensorData["type"]>> = {
  float32: "float",
  int32: "int32",
  int64: "int64",
  bool: "bool",
};

/** The bytes of a model: a program is written as ONNX, bytes are taken as they are. */
export function modelBytes(
  model: Program | Uint8Array,
  options: LoadOptions & { readonly contrib?: boolean },
): Uint8Array {
  if (!(model instanceof Uint8Array)) return emitOnnx(model, options);
  if (options.weights !== undefined)
    throw new InvalidInput("load: weights can be frozen into programs only, not into ONNX bytes");
  return model;
}

/** What an engine over onnxruntime may do. */
export interface OrtEngineOptions {
  /** Whether a run may write carried outputs of fixed shape into the tensors that they replaced: onnxruntime-node can. */
  readonly reuse: boolean;
  /** Whether all data that it is given are its own, so that it need not copy what it keeps. */
  readonly owner: boolean;
}

/** An engine over an onnxruntime session. */
export function ortEngine(
  ort: OrtModule,
  session: OrtSession,
  { reuse, owner }: OrtEngineOptions,
): Engine<OrtTensor> {
  const fixedShapes = new Map(
    (reuse ? (session.outputMetadata ?? []) : []).map(({ name, shape }) => [name, shape ?? []]),
  );
  const fits = (output: string, tensor: OrtTensor): boolean => {
    const shape = fixedShapes.get(output);
    return (
      shape !== undefined &&
      shape.length === tensor.dims.length &&
      shape.every((dim, i) => dim === tensor.dims[i])
    );
  };
  return {
    inputs: session.inputNames,
    outputs: session.outputNames,
    upload: ({ type, dims, data }, keep) =>
      new ort.Tensor(
        ortTypes[type],
        data instanceof Float64Array ? Float32Array.from(data) : keep && !owner ? data.slice() : data,
        dims,
      ),
    async download(tensor, keep) {
      const type = ourTypes[tensor.type];
      if (type === undefined)
        throw new InvalidInput(`outputs of type ${tensor.type} cannot be read; cast them in the model`);
      const onDevice = tensor.location !== "cpu";
      const data = (onDevice ? await tensor.getData() : tensor.data) as Float32Array;
      return { type, dims: tensor.dims, data: keep && !onDevice ? data.slice() : data } as TensorData;
    },
    async run(feeds, wanted, spare) {
      const fetches = wanted.map(
        (name) => [name, spare[name] !== undefined && fits(name, spare[name]) ? spare[name] : null] as const,
      );
      try {
        return await session.run(feeds, Object.fromEntries(fetches));
      } catch (cause) {
        throw runtimeFailure("onnxruntime could not run the model", cause);
      }
    },
    release: (tensor) => {
      if (tensor.location !== "cpu") tensor.dispose();
    },
    close: () => session.release(),
  };
}

/** An error of the runtime itself, with its own message inside. */
export function runtimeFailure(what: string, cause: unknown): FpxError {
  return new FpxError(
    "RUNTIME_FAILURE",
    `${what}: ${cause instanceof Error ? cause.message : String(cause)}`,
    { cause },
  );
}
