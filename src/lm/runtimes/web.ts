/** onnxruntime-web as a runtime: WebAssembly in browsers and Node, WebGPU in browsers. */

import { MissingDependency } from "../../core/errors.ts";
import { modelBytes, type OrtModule, ortEngine, runtimeFailure } from "./ort.ts";
import { abortable, residentSession } from "./resident.ts";
import type { Runtime } from "./runtime.ts";

/** Settings of the web runtime. */
export interface WebOptions {
  /** "wasm" (default) runs everywhere; "webgpu" needs a browser with WebGPU. */
  readonly provider?: "wasm" | "webgpu";
  /**
   * Threads of the WebAssembly provider, default 1: more need a page that is cross-origin isolated. The first
   * runtime made in a process or page decides.
   */
  readonly threads?: number;
  /** What `import("onnxruntime-web")` gives, when a bundler must see the import; by default it is imported here. */
  readonly module?: OrtModule;
}

/**
 * The onnxruntime-web runtime. Throws MissingDependency when the package is not installed.
 *
 * Runs happen on the calling thread. With WebGPU, carried outputs stay on the device.
 */
export async function onnxRuntimeWeb(options: WebOptions = {}): Promise<Runtime> {
  const { provider = "wasm", threads = 1 } = options;
  const ort = options.module ?? (await importPeer(provider));
  ort.env.wasm.numThreads ??= threads;
  const version = ort.env.versions["web"] ?? ort.env.versions["common"];
  return {
    name: `onnxruntime-web ${version}, ${provider}${provider === "wasm" ? `, ${ort.env.wasm.numThreads} threads` : ""}`,
    async load(model, load = {}) {
      const bytes = modelBytes(model, { ...load, contrib: provider === "wasm" });
      const creating = ort.InferenceSession.create(bytes, {
        executionProviders: [provider],
        graphOptimizationLevel: "all",
        logSeverityLevel: 3,
        ...(provider === "webgpu" ? { preferredOutputLocation: "gpu-buffer" } : {}),
      }).catch((cause: unknown) => {
        throw runtimeFailure("onnxruntime-web could not load the model", cause);
      });
      try {
        return residentSession(
          ortEngine(ort, await abortable(load.signal, creating), { reuse: false, owner: false }),
        );
      } catch (error) {
        // A session that comes into being after the caller has gone is freed again.
        creating.then(
          (session) => session.release(),
          () => undefined,
        );
        throw error;
      }
    },
  };
}

async function importPeer(provider: "wasm" | "webgpu"): Promise<OrtModule> {
  try {
    const module: unknown =
      provider === "webgpu" ? await import("onnxruntime-web/webgpu") : await import("onnxruntime-web");
    return module as OrtModule;
  } catch (cause) {
    throw new MissingDependency(
      "onnxruntime-web",
      "running language models in WebAssembly",
      "npm install onnxruntime-web",
      { cause },
    );
  }
}
