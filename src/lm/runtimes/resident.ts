/** Sessions with resident tensors over any engine that can run a model once. */

import { Cancelled, FpxError, InvalidInput } from "../../core/errors.ts";
import type { RunOptions, Session, TensorData, Tensors } from "./runtime.ts";

/** What runs a model; `Native` is its own kind of tensor. */
export interface Engine<Native> {
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  /** A tensor of the engine's own; with a copy of the data when `keep` says that it outlives the call. */
  upload(tensor: TensorData, keep: boolean): Native;
  /** The data of a tensor; a copy when `keep` says that the engine goes on using it. */
  download(tensor: Native, keep: boolean): TensorData | Promise<TensorData>;
  /**
   * Runs the model for the wanted outputs. `spare` holds tensors that are no longer needed, by output name; the
   * engine may write the output into one where it fits, and says so by returning it.
   */
  run(
    feeds: Readonly<Record<string, Native>>,
    wanted: readonly string[],
    spare: Readonly<Record<string, Native>>,
  ): Promise<Readonly<Record<string, Native>>>;
  /** Frees a tensor that will not be used again. */
  release(tensor: Native): void;
  close(): Promise<void>;
}

/** A session that keeps its resident tensors as the engine's own. */
export function residentSession<Native>(engine: Engine<Native>): Session {
  return new ResidentSession(engine);
}

class ResidentSession<Native> implements Session {
  readonly #engine: Engine<Native>;
  readonly #resident: Map<string, Native> = new Map();
  /** Tensors of the caller's own, uploaded at each run. */
  readonly #shared: Map<string, TensorData> = new Map();
  /** The tensor that each carried input held before, for the engine to write into. */
  readonly #spare: Map<string, Native> = new Map();
  #last: Promise<unknown> = Promise.resolve();
  #closed = false;

  constructor(engine: Engine<Native>) {
    this.#engine = engine;
  }

  get inputs(): readonly string[] {
    return this.#engine.inputs;
  }

  get outputs(): readonly string[] {
    return this.#engine.outputs;
  }

  write(tensors: Tensors): Promise<void> {
    return this.#enqueue(() => {
      requireInputs(this.inputs, Object.keys(tensors));
      for (const [name, tensor] of Object.entries(tensors)) {
        this.#drop(name);
        this.#resident.set(name, this.#engine.upload(tensor, true));
      }
    });
  }

  share(tensors: Tensors): Promise<void> {
    return this.#enqueue(() => {
      requireInputs(this.inputs, Object.keys(tensors));
      for (const [name, tensor] of Object.entries(tensors)) {
        this.#drop(name);
        this.#shared.set(name, tensor);
      }
    });
  }

  run(feeds: Tensors, options: RunOptions): Promise<Tensors> {
    return abortable(
      options.signal,
      this.#enqueue(() => this.#run(feeds, options), options.signal),
    );
  }

  read(names: readonly string[]): Promise<Tensors> {
    return this.#enqueue(async () => {
      const read: Record<string, TensorData> = {};
      for (const name of names) {
        const tensor = this.#resident.get(name);
        if (tensor === undefined)
          throw new InvalidInput(`read: no tensor "${name}" is resident in the session`);
        read[name] = await this.#engine.download(tensor, true);
      }
      return read;
    });
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    const closing = this.#enqueue(async () => {
      for (const name of [...this.#resident.keys()]) this.#drop(name);
      await this.#engine.close();
    });
    this.#closed = true;
    await closing;
  }

  async #run(feeds: Tensors, { fetch, carry = {} }: RunOptions): Promise<Tensors> {
    requireInputs(this.inputs, Object.keys(feeds));
    requireInputs(this.inputs, Object.values(carry));
    const wanted = [...new Set([...fetch, ...Object.keys(carry)])];
    for (const name of wanted) {
      if (!this.outputs.includes(name))
        throw new InvalidInput(`run: the model has no output "${name}"; it has ${list(this.outputs)}`);
    }
    if (wanted.length === 0) throw new InvalidInput("run: name at least one output in `fetch` or `carry`");

    const fed: Record<string, Native> = {};
    for (const [name, tensor] of [...this.#shared, ...Object.entries(feeds)])
      fed[name] = this.#engine.upload(tensor, false);
    const inputs: Record<string, Native> = {};
    for (const name of this.inputs) {
      const tensor = fed[name] ?? this.#resident.get(name);
      if (tensor === undefined)
        throw new InvalidInput(`run: input "${name}" is neither fed nor resident in the session`);
      inputs[name] = tensor;
    }
    const spare: Record<string, Native> = {};
    for (const [output, input] of Object.entries(carry)) {
      const tensor = this.#spare.get(input);
      if (tensor !== undefined) spare[output] = tensor;
      this.#spare.delete(input);
    }

    const results = await this.#engine.run(inputs, wanted, spare);

    const fetched: Record<string, TensorData> = {};
    for (const name of fetch) fetched[name] = await this.#engine.download(results[name]!, name in carry);
    for (const [output, input] of Object.entries(carry)) {
      const unused = spare[output];
      if (unused !== undefined && unused !== results[output]) this.#engine.release(unused);
      const before = this.#resident.get(input);
      if (before !== undefined) this.#spare.set(input, before);
      this.#resident.set(input, results[output]!);
    }
    for (const tensor of Object.values(fed)) this.#engine.release(tensor);
    for (const name of fetch) if (!(name in carry)) this.#engine.release(results[name]!);
    return fetched;
  }

  #drop(name: string): void {
    this.#shared.delete(name);
    for (const tensors of [this.#resident, this.#spare]) {
      const tensor = tensors.get(name);
      if (tensor !== undefined) this.#engine.release(tensor);
      tensors.delete(name);
    }
  }

  /** Calls are carried out in order; one that fails does not hinder the next. */
  #enqueue<T>(work: () => T | Promise<T>, signal?: AbortSignal): Promise<T> {
    if (this.#closed) return Promise.reject(closedError());
    const result = this.#last.then(() => {
      if (signal?.aborted) throw new Cancelled();
      return work();
    });
    this.#last = result.catch(() => undefined);
    return result;
  }
}

/** Throws `InvalidInput` for a name that is not one of a model's inputs. */
export function requireInputs(inputs: readonly string[], names: readonly string[]): void {
  for (const name of names) {
    if (!inputs.includes(name))
      throw new InvalidInput(`the model has no input "${name}"; it has ${list(inputs)}`);
  }
}

/** What calls on a closed session are rejected with. */
export function closedError(): FpxError {
  return new FpxError("SESSION_CLOSED", "the session is closed; load the model again");
}

/** The promise, or Cancelled as soon as the signal fires. */
export function abortable<T>(signal: AbortSignal | undefined, promise: Promise<T>): Promise<T> {
  if (signal === undefined) return promise;
  return new Promise((resolve, reject) => {
    const abort = (): void => reject(new Cancelled("cancelled while waiting for the runtime"));
    if (signal.aborted) abort();
    signal.addEventListener("abort", abort, { once: true });
    promise.then(resolve, reject).finally(() => signal.removeEventListener("abort", abort));
  });
}

function list(names: readonly string[]): string {
  const shown = names.slice(0, 8).map((name) => `"${name}"`);
  return names.length > 8 ? `${shown.join(", ")} and ${names.length - 8} more` : shown.join(", ");
}
