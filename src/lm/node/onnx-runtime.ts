/** onnxruntime-node as a runtime, each session in a worker thread of its own or in the caller's. */

import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { availableParallelism } from "node:os";
import { Worker } from "node:worker_threads";
import { Cancelled, FpxError, InvalidInput, MissingDependency } from "../../core/errors.ts";
import { sourceLoader } from "../../core/node/index.ts";
import { modelBytes } from "../runtimes/ort.ts";
import { abortable, closedError, requireInputs } from "../runtimes/resident.ts";
import type { RunOptions, Runtime, Session, TensorData, Tensors } from "../runtimes/runtime.ts";
import { nativeSession } from "./native-session.ts";
import type { Call, Loaded, Reply, WorkerSettings } from "./protocol.ts";

/** Settings of the native runtime; all are part of its name, since bits depend on them. */
export interface NodeOptions {
  /** Threads of one operator; default: the physical cores, at most 8. */
  readonly threads?: number;
  /** Whether idle threads spin for work: faster runs, busy cores. Default false. */
  readonly spinning?: boolean;
  /** How far onnxruntime rewrites the graph. Default "all". */
  readonly optimisation?: WorkerSettings["optimisation"];
  /**
   * Where runs take place: in a thread of the session's "own", so that the event loop stays free (default), or in the
   * "caller"'s, which reads shared arrays in place. Bits are the same.
   */
  readonly thread?: "own" | "caller";
}

/** How to install the package: its postinstall script would fetch GPU files and fails offline. */
const INSTALL = "npm install onnxruntime-node --onnxruntime-node-install=skip";

/**
 * The native CPU runtime. Throws MissingDependency, with the install command, when onnxruntime-node is absent.
 *
 * One version with one number of threads gives the same bits for the same model and inputs on one machine.
 */
export async function onnxRuntimeNode(options: NodeOptions = {}): Promise<Runtime> {
  const { threads = Math.min(8, physicalCores()), spinning = false, optimisation = "all" } = options;
  const { thread = "own" } = options;
  if (!Number.isInteger(threads) || threads < 1)
    throw new InvalidInput(`threads must be a whole number >= 1, got ${threads}`);
  const version = installedVersion();
  const settings: WorkerSettings = { threads, spinning, optimisation };
  return {
    name: `onnxruntime-node ${version}, ${threads} threads, optimisation ${optimisation}`,
    async load(model, load = {}) {
      const bytes = modelBytes(model, { ...load, contrib: true });
      if (thread === "caller")
        return abortable(load.signal, nativeSession(bytes, settings, { owner: false }));
      const session = new WorkerSession(settings);
      try {
        // Bytes written here are ours to give away; a caller's are copied.
        await abortable(load.signal, session.load(bytes, bytes !== model));
      } catch (error) {
        session.terminate();
        throw error;
      }
      return session;
    },
  };
}

function installedVersion(): string {
  try {
    const path = createRequire(import.meta.url).resolve("onnxruntime-node/package.json");
    return (JSON.parse(readFileSync(path, "utf8")) as { version: string }).version;
  } catch (cause) {
    throw new MissingDependency("onnxruntime-node", "running language models natively", INSTALL, { cause });
  }
}

/** Physical cores where Linux tells them, else the parallelism that the system offers. */
function physicalCores(): number {
  try {
    const cores = readFileSync("/proc/cpuinfo", "utf8")
      .split("\n\n")
      .map((block) => block.match(/^(physical id|core id)\s*:.*$/gm)?.join())
      .filter((core) => core !== undefined);
    return Math.min(new Set(cores).size || availableParallelism(), availableParallelism());
  } catch {
    return availableParallelism();
  }
}

interface Pending {
  readonly resolve: (result: Loaded | Tensors | undefined) => void;
  readonly reject: (error: Error) => void;
}

/** `Call` without its id, kept apart for each kind. */
type Request = Call extends infer C ? (C extends Call ? Omit<C, "id"> : never) : never;

class WorkerSession implements Session {
  readonly #worker: Worker;
  readonly #pending: Map<number, Pending> = new Map();
  #calls = 0;
  readonly #shared: Record<string, TensorData> = {};
  #loaded: Loaded = { inputs: [], outputs: [] };
  #ended: FpxError | undefined;

  constructor(settings: WorkerSettings) {
    const fromSource = import.meta.url.endsWith(".ts");
    this.#worker = new Worker(new URL(`./ort.worker.${fromSource ? "ts" : "js"}`, import.meta.url), {
      workerData: settings,
      execArgv: fromSource ? ["--import", sourceLoader()] : [],
    });
    this.#worker.unref();
    this.#worker.on("message", (reply: Reply) => this.#settle(reply));
    this.#worker.on("error", (cause) =>
      this.#end(new FpxError("RUNTIME_FAILURE", `the runtime's worker failed: ${cause.message}`, { cause })),
    );
    this.#worker.on("exit", (code) =>
      this.#end(new FpxError("RUNTIME_FAILURE", `the runtime's worker ended with code ${code}`)),
    );
  }

  get inputs(): readonly string[] {
    return this.#loaded.inputs;
  }

  get outputs(): readonly string[] {
    return this.#loaded.outputs;
  }

  async load(model: Uint8Array, give: boolean): Promise<void> {
    const own = give ? model : model.slice();
    this.#loaded = (await this.#call({ kind: "load", model: own }, [own.buffer as ArrayBuffer])) as Loaded;
  }

  async write(tensors: Tensors): Promise<void> {
    for (const name of Object.keys(tensors)) delete this.#shared[name];
    const copies = ownCopies(tensors);
    await this.#call({ kind: "write", tensors: copies }, buffers(copies));
  }

  async share(tensors: Tensors): Promise<void> {
    requireInputs(this.inputs, Object.keys(tensors));
    Object.assign(this.#shared, tensors);
  }

  async run(feeds: Tensors, { fetch, carry = {}, signal }: RunOptions): Promise<Tensors> {
    const copies = ownCopies({ ...this.#shared, ...feeds });
    return (await this.#call(
      { kind: "run", feeds: copies, fetch, carry },
      buffers(copies),
      signal,
    )) as Tensors;
  }

  async read(names: readonly string[]): Promise<Tensors> {
    return (await this.#call({ kind: "read", names }, [])) as Tensors;
  }

  async close(): Promise<void> {
    if (this.#ended !== undefined) return;
    const closing = this.#call({ kind: "close" }, []);
    this.#ended = closedError();
    await closing;
    await this.#worker.terminate();
  }

  /** Ends the worker without waiting for it. */
  terminate(): void {
    this.#end(closedError());
    void this.#worker.terminate();
  }

  #call(
    request: Request,
    transfer: readonly ArrayBuffer[],
    signal?: AbortSignal,
  ): Promise<Loaded | Tensors | undefined> {
    if (this.#ended !== undefined) return Promise.reject(this.#ended);
    if (signal?.aborted) return Promise.reject(new Cancelled());
    const id = this.#calls++;
    const answer = new Promise<Loaded | Tensors | undefined>((resolve, reject) => {
      this.#pending.set(id, { resolve, reject });
    });
    // The process may end while a session idles, but not while it owes an answer.
    this.#worker.ref();
    this.#worker.postMessage({ id, ...request }, transfer);
    if (signal === undefined) return answer;
    const cancel = (): void => this.#worker.postMessage({ kind: "cancel", id });
    signal.addEventListener("abort", cancel, { once: true });
    return abortable(signal, answer).finally(() => signal.removeEventListener("abort", cancel));
  }

  #settle(reply: Reply): void {
    const pending = this.#pending.get(reply.id);
    this.#pending.delete(reply.id);
    if (this.#pending.size === 0) this.#worker.unref();
    if ("error" in reply) pending?.reject(rebuilt(reply.error));
    else pending?.resolve(reply.result);
  }

  #end(error: FpxError): void {
    this.#ended ??= error;
    for (const { reject } of this.#pending.values()) reject(this.#ended);
    this.#pending.clear();
  }
}

function rebuilt({
  name,
  code,
  message,
}: {
  readonly name: string;
  readonly code: string;
  readonly message: string;
}): FpxError {
  if (name === "InvalidInput") return new InvalidInput(message, { code });
  return name === "Cancelled" ? new Cancelled(message) : new FpxError(code, message);
}

/** Copies over buffers of their own, which can be given to the worker. */
function ownCopies(tensors: Tensors): Tensors {
  const copies = Object.entries(tensors).map(([name, tensor]) => {
    const data = tensor.data instanceof Float64Array ? Float32Array.from(tensor.data) : tensor.data.slice();
    return [name, { ...tensor, data } as TensorData] as const;
  });
  return Object.fromEntries(copies);
}

function buffers(tensors: Tensors): ArrayBuffer[] {
  return Object.values(tensors).map((tensor) => tensor.data.buffer as ArrayBuffer);
}
