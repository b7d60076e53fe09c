/** Records drafts without ever being in the way of the call that made them. */

import { InvalidInput } from "../core/errors.ts";
import type { DurableEditLog, Failure, Generation } from "./edit-log.ts";

/** Options that all ways of recording share. */
export interface RecordingOptions {
  /** How long a call waits for its draft to be on the disk, in milliseconds. Default 20. */
  readonly patience?: number;
  /** Told of the first draft that was not recorded in time. Default `process.emitWarning`. */
  readonly onWarning?: (message: string, cause?: unknown) => void;
  /** Counts what went wrong; give the same object to several wrappers to count together. */
  readonly faults?: RecordingFaults;
}

/** Drafts that came without an id. */
export interface RecordingFaults {
  /** Not on the disk in time; most of them are there later, and stay open. */
  late: number;
  /** The log could not be written. */
  failed: number;
}

/** Records drafts: gives the id once a draft is on the disk, or nothing when that fails or takes too long. */
export class Recorder {
  readonly #log: DurableEditLog;
  readonly #patience: number;
  readonly #warn: (message: string, cause?: unknown) => void;
  readonly #faults: RecordingFaults;
  #warned = false;

  /** Throws `InvalidInput` for a patience that is no number from 0 up. */
  constructor(log: DurableEditLog, options: RecordingOptions) {
    const { patience = 20, onWarning = emitWarning, faults = { late: 0, failed: 0 } } = options;
    if (!(patience >= 0))
      throw new InvalidInput(`patience is ${patience}; give a number of milliseconds, such as 20`);
    this.#log = log;
    this.#patience = patience;
    this.#warn = onWarning;
    this.#faults = faults;
  }

  /**
   * Records what `make` gives. Never throws: a fault of `make`, which reads what a caller or a model gave, counts as one
   * of the log. A draft without text, such as a call of a tool, is not recorded.
   */
  async record(make: () => Generation): Promise<string | undefined> {
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<"late">((resolve) => {
      timer = setTimeout(resolve, this.#patience, "late");
    });
    try {
      const generation = make();
      if (generation.draft === "") return undefined;
      const written = this.#log.generation(generation);
      const first = await Promise.race([written.then((id) => ({ id })), late]);
      if (first !== "late") return first.id;
      this.#faults.late++;
      this.#tell(
        `a draft was not on the disk within ${this.#patience} ms, so it has no id and its edit cannot be recorded`,
      );
      // It may still fail; nobody waits for it any more.
      written.catch((error: unknown) => this.fault(error));
    } catch (error) {
      this.fault(error);
    } finally {
      clearTimeout(timer);
    }
    return undefined;
  }

  /** Records that a call gave no draft, without waiting for the disk; never throws. */
  failed(failure: Failure): void {
    this.#log.failure(failure).catch((error: unknown) => this.fault(error));
  }

  /** Counts and tells a fault that must not reach the call. */
  fault(error: unknown): void {
    this.#faults.failed++;
    this.#tell(
      `a draft could not be recorded: ${error instanceof Error ? error.message : String(error)}`,
      error,
    );
  }

  #tell(message: string, cause?: unknown): void {
    if (this.#warned) return;
    this.#warned = true;
    try {
      this.#warn(`fpx: ${message}; the calls go on, further faults are counted only`, cause);
    } catch {
      // A fault in telling of faults must not reach the call either.
    }
  }
}

const emitWarning = (message: string): void => process.emitWarning(message, { code: "FPX_EDIT_LOG" });

/**
 * The id under which a result's draft was recorded: of `generateText`, of a model's own result or last stream part, of an
 * answer or stream chunk of the `openai` client, or of a LangChain message; of `streamText` a promise of it, which waits
 * for the stream's end. `undefined` when it was not recorded.
 *
 * @example await log.edited(generationId(await generateText({ model, prompt }))!, "what the user left");
 */
export function generationId(result: StreamedResult): Promise<string | undefined>;
export function generationId(result: unknown): string | undefined;
export function generationId(result: unknown): string | undefined | Promise<string | undefined> {
  const metadata = field(result, "providerMetadata");
  if (typeof field(metadata, "then") === "function")
    return Promise.resolve(metadata).then(
      (providerMetadata) => generationId({ providerMetadata }),
      // The stream broke off; whoever reads it is told.
      () => undefined,
    );
  for (const holder of [result, metadata, field(result, "response_metadata")]) {
    const id = field(field(holder, "fpx"), "generationId");
    if (typeof id === "string") return id;
  }
  return undefined;
}

/** What is used of the result of `streamText`. */
export interface StreamedResult {
  readonly providerMetadata: PromiseLike<unknown>;
}

function field(value: unknown, name: string): unknown {
  return typeof value === "object" && value !== null ? (value as Record<string, unknown>)[name] : undefined;
}
