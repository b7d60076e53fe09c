/** A language model that answers contexts, with adapters that are exchanged without loading the base again. */

import { InvalidInput, NonFinite } from "../../core/errors.ts";
import { createRng } from "../../random/index.ts";
import type { LanguageModel } from "../checkpoints/language-model.ts";
import { Graph } from "../graph/index.ts";
import { type Adapter, checkAdapter, type Lora, loraNames, loraShapes } from "../lora.ts";
import { modelShapes } from "../models/model.ts";
import type { AnswerOptions, ContextResponse, Policy, ResponseLogProb } from "../policy.ts";
import type { Runtime, Session, TensorData, Tensors } from "../runtimes/runtime.ts";
import { packSequences, sequenceInputs, sequenceLogProbs } from "../sequence-log-probs.ts";
import { type Context, encodePrompt, encodeResponse } from "../tokenizers/prompt.ts";
import { decode, decoderProgram } from "./decoder.ts";
import { Draft, type Generation } from "./draft.ts";
import { defaultRepetitionRun } from "./repetition.ts";
import { checkSampling, type SamplingOptions, sampleToken } from "./sampling.ts";

/** How a model answers. */
export interface GenerateOptions extends AnswerOptions, SamplingOptions {
  /** Longest response in tokens, end token included. Default 1000. */
  readonly maxNewTokens?: number;
  /** Divides the logits; 0 takes the likeliest token (greedy). Default 0. */
  readonly temperature?: number;
  /** Contexts decoded together. Default 64. */
  readonly batchSize?: number;
  /** Characters of the repetition cut; Infinity for none. Default 200. */
  readonly repetitionRun?: number;
  /**
   * Drop the start of a prompt that leaves no room for `maxNewTokens`. Default false: a prompt as long as the
   * model's longest sequence is refused, and a response that reaches it ends there, with `stop: "context"`.
   */
  readonly truncatePrompt?: boolean;
  /** The adapter to answer with, by name; `null` for the base alone. Default the one last given to `useAdapter`. */
  readonly adapter?: string | null;
}

/** How a model scores given responses. */
export interface ScoreOptions {
  /** Pairs scored together. Default 16. */
  readonly batchSize?: number;
  readonly adapter?: string | null;
  readonly signal?: AbortSignal;
}

/** A loaded model with its adapters. Calls wait for one another. */
export interface ModelPolicy extends Policy {
  readonly model: LanguageModel;
  /** Names of the adapters. */
  readonly adapters: readonly string[];
  /** The adapter of later calls; `null` for the base alone. Throws `InvalidInput` for an unknown name. */
  useAdapter(name: string | null): void;
  /** This model with one adapter, whatever is in use; `null` for the base alone. Throws `InvalidInput` for an unknown name. */
  withAdapter(name: string | null): Required<Policy>;
  /** Answers contexts, in their order. */
  generate(contexts: readonly Context[], options?: GenerateOptions): Promise<Generation[]>;
  /** Answers one context piece by piece; the pieces together are the text, and the generator returns the whole. */
  stream(context: Context, options?: GenerateOptions): AsyncGenerator<string, Generation, void>;
  /** Log-probabilities of given responses, in their order. */
  logProbs(pairs: readonly ContextResponse[], options?: ScoreOptions): Promise<ResponseLogProb[]>;
  /** Frees the runtime's memory. */
  close(): Promise<void>;
}

/**
 * Loads a model into a runtime, with adapters by name; the first adapter is in use until told otherwise.
 *
 * Throws `InvalidInput` when an adapter does not fit the model.
 */
export async function createPolicy(
  model: LanguageModel,
  runtime: Runtime,
  adapters: Readonly<Record<string, Adapter>> = {},
): Promise<ModelPolicy> {
  const rack = adapterRack(model, adapters);
  const options = rack === undefined ? {} : { lora: rack.lora };
  const decoder = await runtime.load(decoderProgram(model.config, options), { weights: model.weights });
  const loadScorer = async (): Promise<Session> => {
    const { tokens } = sequenceLogProbs(model.config, sequenceInputs(new Graph()), options);
    return runtime.load({ outputs: { logProbs: tokens } }, { weights: model.weights });
  };
  return new LoadedPolicy(model, rack, decoder, loadScorer);
}

class LoadedPolicy implements ModelPolicy {
  readonly model: LanguageModel;
  readonly #rack: AdapterRack | undefined;
  readonly #decoder: Session;
  readonly #loadScorer: () => Promise<Session>;
  readonly #written: WeakMap<Session, string | null> = new WeakMap();
  #scorer: Session | undefined;
  #adapter: string | null;
  #last: Promise<unknown> = Promise.resolve();

  constructor(
    model: LanguageModel,
    rack: AdapterRack | undefined,
    decoder: Session,
    loadScorer: () => Promise<Session>,
  ) {
    this.model = model;
    this.#rack = rack;
    this.#decoder = decoder;
    this.#loadScorer = loadScorer;
    this.#adapter = this.adapters[0] ?? null;
  }

  get adapters(): readonly string[] {
    return this.#rack?.names ?? [];
  }

  useAdapter(name: string | null): void {
    this.#adapter = this.#known(name);
  }

  withAdapter(name: string | null): Required<Policy> {
    const adapter = this.#known(name);
    return {
      generate: (contexts, options) => this.generate(contexts, { ...options, adapter }),
      logProbs: (pairs, options) => this.logProbs(pairs, { ...options, adapter }),
    };
  }

  async generate(contexts: readonly Context[], options: GenerateOptions = {}): Promise<Generation[]> {
    const drafts = contexts.map((context, index) => this.#draft(context, index, options));
    const adapter = this.#known(options.adapter);
    const batchSize = checkCount("batchSize", options.batchSize ?? 64);
    return this.#exclusively(async () => {
      // Prompts of like length together: less padding. The order of the results stays.
      const queue = [...drafts].sort((a, b) => a.prompt.length - b.prompt.length || a.index - b.index);
      for (let start = 0; start < queue.length; start += batchSize) {
        const steps = this.#decode(queue.slice(start, start + batchSize), adapter, options);
        for await (const _ of steps);
      }
      return drafts.map((draft) => draft.result());
    });
  }

  async *stream(context: Context, options: GenerateOptions = {}): AsyncGenerator<string, Generation, void> {
    const draft = this.#draft(context, 0, options);
    const adapter = this.#known(options.adapter);
    const release = await this.#enter();
    try {
      for await (const _ of this.#decode([draft], adapter, options)) {
        const piece = draft.piece();
        if (piece !== "") yield piece;
      }
      return draft.result();
    } finally {
      release();
    }
  }

  async logProbs(pairs: readonly ContextResponse[], options: ScoreOptions = {}): Promise<ResponseLogProb[]> {
    const { tokenizer, config } = this.model;
    const adapter = this.#known(options.adapter);
    const batchSize = checkCount("batchSize", options.batchSize ?? 16);
    const queue = pairs.map(({ context, response }, index) => {
      const pair = {
        prompt: encodePrompt(tokenizer, context),
        response: encodeResponse(tokenizer, response),
        index,
      };
      const length = pair.prompt.length + pair.response.length;
      if (length > config.maximumPositions) {
        throw new InvalidInput(
          `pair ${index} has ${length} tokens, the model takes ${config.maximumPositions}; shorten or drop it`,
        );
      }
      return { ...pair, length };
    });
    queue.sort((a, b) => a.length - b.length || a.index - b.index);
    return this.#exclusively(async () => {
      this.#scorer ??= await this.#loadScorer();
      const scorer = this.#scorer;
      await this.#write(scorer, adapter);
      const results: ResponseLogProb[] = new Array(pairs.length);
      for (let start = 0; start < queue.length; start += batchSize) {
        const batch = queue.slice(start, start + batchSize);
        // Only the tokens' own log-probabilities are asked for, not the sums by owner.
        const { owners: _, counts: __, ...feeds } = packSequences(batch, { pad: tokenizer.pad });
        const run = {
          fetch: ["logProbs"],
          ...(options.signal === undefined ? {} : { signal: options.signal }),
        };
        const { data } = (await scorer.run(feeds, run))["logProbs"]!;
        let at = 0;
        for (const { index, response } of batch) {
          let logProb = 0;
          for (const end = at + response.length; at < end; at++) logProb += Number(data[at]!);
          if (!Number.isFinite(logProb))
            throw new NonFinite(`the log-probability of pair ${index} is ${logProb}`);
          results[index] = { logProb, tokens: response.length };
        }
      }
      return results;
    });
  }

  async close(): Promise<void> {
    await this.#exclusively(async () => {
      await this.#decoder.close();
      await this.#scorer?.close();
    });
  }

  async *#decode(
    drafts: readonly Draft[],
    adapter: string | null,
    options: GenerateOptions,
  ): AsyncGenerator<void, void, void> {
    const { config, tokenizer } = this.model;
    const { seed = 0, firstIndex = 0, signal } = options;
    const rng = createRng(seed);
    const choose = (draft: Draft, logits: Float32Array): number => {
      const [uniform] = rng.stream("decoding", draft.tokens, firstIndex + draft.index).uniforms(1);
      return sampleToken(logits, options, uniform!);
    };
    await this.#write(this.#decoder, adapter);
    yield* decode(this.#decoder, config, drafts, {
      pad: tokenizer.pad,
      ...((options.temperature ?? 0) === 0 ? {} : { choose }),
      ...(signal === undefined ? {} : { signal }),
    });
  }

  #draft(context: Context, index: number, options: GenerateOptions): Draft {
    checkSampling(options);
    const { tokenizer, config, stopTokens } = this.model;
    const { maximumPositions } = config;
    const maxNewTokens = checkCount("maxNewTokens", options.maxNewTokens ?? 1000);
    let prompt = encodePrompt(tokenizer, context);
    if (prompt.length === 0) throw new InvalidInput(`context ${index} is empty; give some text`);
    if (options.truncatePrompt === true) {
      if (maxNewTokens >= maximumPositions) {
        throw new InvalidInput(
          `truncatePrompt needs maxNewTokens below the model's ${maximumPositions} tokens, not ${maxNewTokens}`,
        );
      }
      prompt = prompt.slice(-(maximumPositions - maxNewTokens));
    } else if (prompt.length >= maximumPositions) {
      throw new InvalidInput(
        `context ${index} has ${prompt.length} tokens, which leaves no room in the model's ${maximumPositions}; shorten it, or set truncatePrompt to drop its start`,
      );
    }
    const repetitionRun = options.repetitionRun ?? defaultRepetitionRun;
    return new Draft(tokenizer, prompt, index, { maxNewTokens, maximumPositions, stopTokens, repetitionRun });
  }

  #known(name: string | null | undefined): string | null {
    if (name === undefined) return this.#adapter;
    if (name !== null && !this.adapters.includes(name)) {
      const known = this.adapters.length === 0 ? "it has none" : `it has ${this.adapters.join(", ")}`;
      throw new InvalidInput(`the policy has no adapter "${name}"; ${known}`);
    }
    return name;
  }

  async #write(session: Session, adapter: string | null): Promise<void> {
    if (this.#rack === undefined || this.#written.get(session) === adapter) return;
    await session.write(this.#rack.tensors(adapter));
    this.#written.set(session, adapter);
  }

  async #exclusively<T>(work: () => Promise<T>): Promise<T> {
    const release = await this.#enter();
    try {
      return await work();
    } finally {
      release();
    }
  }

  /** Waits for earlier calls; the cache in the runtime serves one at a time. */
  async #enter(): Promise<() => void> {
    const before = this.#last;
    let release = (): void => {};
    this.#last = new Promise<void>((resolve) => {
      release = resolve;
    });
    await before;
    return release;
  }
}

/** Adapters brought to one form, so that any of them fits the same inputs. */
interface AdapterRack {
  readonly names: readonly string[];
  /** All modules of all adapters, at the largest rank; scales are folded into the matrices. */
  readonly lora: Lora;
  tensors(name: string | null): Tensors;
}

function adapterRack(
  model: LanguageModel,
  adapters: Readonly<Record<string, Adapter>>,
): AdapterRack | undefined {
  const names = Object.keys(adapters);
  if (names.length === 0) return undefined;
  const shapes = modelShapes(model.config);
  const own = new Map(
    names.map((name) => [name, checkAdapter(adapters[name]!, shapes, `adapter "${name}"`)]),
  );
  const loras = [...own.values()];
  const lora: Lora = {
    rank: Math.max(...loras.map(({ rank }) => rank)),
    scale: 1,
    modules: new Set(loras.flatMap(({ modules }) => [...modules])),
  };
  const inputs = loraShapes(lora, shapes);
  const tensors = (name: string | null): Tensors => {
    const { rank = 0, scale = 1 } = name === null ? {} : own.get(name)!;
    const weights = name === null ? {} : adapters[name]!.weights;
    const written: Record<string, TensorData> = {};
    for (const module of lora.modules) {
      const { a, b } = loraNames(module);
      written[a] = padMatrix(weights[a], inputs.get(a)!, (row, column, columns) => row * columns + column, 1);
      written[b] = padMatrix(
        weights[b],
        inputs.get(b)!,
        (row, column) => (column < rank ? row * rank + column : -1),
        scale,
      );
    }
    return written;
  };
  return { names, lora, tensors };
}

/** A matrix of the shape, filled from `from` where `place` finds an element, else with 0. */
function padMatrix(
  from: TensorData | undefined,
  shape: readonly number[],
  place: (row: number, column: number, columns: number) => number,
  scale: number,
): TensorData {
  const [rows, columns] = shape as readonly [number, number];
  const data = new Float32Array(rows * columns);
  for (let row = 0; row < rows; row++) {
    for (let column = 0; column < columns; column++) {
      const at = place(row, column, columns);
      const value = at < 0 ? undefined : from?.data[at];
      if (value !== undefined) data[row * columns + column] = Number(value) * scale;
    }
  }
  return { type: "float", dims: [rows, columns], data };
}

function checkCount(name: string, value: number): number {
  if (!Number.isSafeInteger(value) || value < 1) {
    throw new InvalidInput(`${name} is ${value}; give a whole number of at least 1`);
  }
  return value;
}
