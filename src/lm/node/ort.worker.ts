/** The thread in which onnxruntime-node runs, so that the event loop of its owner stays free. */

import { isMainThread, parentPort, workerData } from "node:worker_threads";
import { FpxError } from "../../core/errors.ts";
import type { Session, Tensors } from "../runtimes/runtime.ts";
import { nativeSession } from "./native-session.ts";
import type { Call, Cancel, Loaded, Reply, WorkerSettings } from "./protocol.ts";

if (!isMainThread && parentPort !== null) serve(parentPort, workerData as WorkerSettings);

function serve(port: NonNullable<typeof parentPort>, settings: WorkerSettings): void {
  let session: Session | undefined;
  const waiting = new Map<number, AbortController>();
  let last: Promise<unknown> = Promise.resolve();

  const answer = async (call: Call, signal: AbortSignal): Promise<Loaded | Tensors | undefined> => {
    if (call.kind === "load") {
      session = await nativeSession(call.model, settings, { owner: true });
      return { inputs: session.inputs, outputs: session.outputs };
    }
    if (call.kind === "write") return void (await session!.write(call.tensors));
    if (call.kind === "run")
      return session!.run(call.feeds, { fetch: call.fetch, carry: call.carry, signal });
    if (call.kind === "read") return session!.read(call.names);
    return void (await session?.close());
  };

  port.on("message", (call: Call | Cancel) => {
    if (call.kind === "cancel") return waiting.get(call.id)?.abort();
    const controller = new AbortController();
    waiting.set(call.id, controller);
    // One turn of the event loop between calls, so that a cancellation is seen before the next run begins.
    last = last
      .then(() => new Promise(setImmediate))
      .then(() => answer(call, controller.signal))
      .then((result) => {
        const transfer = call.kind === "load" ? [] : buffers(result as Tensors | undefined);
        port.postMessage({ id: call.id, result } satisfies Reply, transfer);
      })
      .catch((error: unknown) => port.postMessage({ id: call.id, error: describe(error) } satisfies Reply))
      .finally(() => waiting.delete(call.id));
  });
}

function buffers(tensors: Tensors | undefined): ArrayBuffer[] {
  return Object.values(tensors ?? {}).map((tensor) => tensor.data.buffer as ArrayBuffer);
}

function describe(error: unknown): { name: string; code: string; message: string } {
  if (error instanceof FpxError) return { name: error.name, code: error.code, message: error.message };
  return {
    name: "FpxError",
    code: "RUNTIME_FAILURE",
    message: error instanceof Error ? error.message : String(error),
  };
}
