import { type OrtModule, ortEngine, runtimeFailure } from "../runtimes/ort.ts";
import { residentSession } from "../runtimes/resident.ts";
import type { Session } from "../runtimes/runtime.ts";
import type { WorkerSettings } from "./protocol.ts";

/** A session of onnxruntime-node in this thread; `owner` says that all data it is given are its own. */
export async function nativeSession(
  model: Uint8Array,
  { threads, spinning, optimisation }: WorkerSettings,
  { owner }: { readonly owner: boolean },
): Promise<Session> {
  const ort = (await import("onnxruntime-node")) as unknown as OrtModule;
  try {
    const session = await ort.InferenceSession.create(model, {
      executionProviders: ["cpu"],
      executionMode: "sequential",
      intraOpNumThreads: threads,
      interOpNumThreads: 1,
      graphOptimizationLevel: optimisation,
      // A plan for each shape would keep a second copy of the largest run's memory, for 1 % of speed.
      enableMemPattern: false,
      logSeverityLevel: 3,
      extra: { session: { intra_op: { allow_spinning: spinning ? "1" : "0" } } },
    });
    return residentSession(ortEngine(ort, session, { reuse: true, owner }));
  } catch (cause) {
    throw runtimeFailure("onnxruntime-node could not load the model", cause);
  }
}
