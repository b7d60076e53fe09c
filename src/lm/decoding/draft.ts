/** A response while it is being written, and what it is in the end. */

import type { Tokenizer } from "../tokenizers/tokenizer.ts";
import { type TextStream, textStream } from "../tokenizers/tokenizer.ts";
import type { DecodingRow } from "./decoder.ts";
import { RepetitionWatch } from "./repetition.ts";

/** Why a response ended: its end token, `maxNewTokens`, the model's longest sequence, or the repetition cut. */
export type StopReason = "end" | "length" | "context" | "repetition";

export interface Generation {
  readonly text: string;
  /** Tokens drawn, the end token and what was cut off included. */
  readonly tokens: number;
  readonly stop: StopReason;
  /** Whether the text was cut because it repeated itself. */
  readonly repeated: boolean;
}

export interface DraftLimits {
  readonly maxNewTokens: number;
  /** The model's longest sequence, prompt included. */
  readonly maximumPositions: number;
  readonly stopTokens: readonly number[];
  readonly repetitionRun: number;
}

/** Gathers tokens into text, and says when to stop. */
export class Draft implements DecodingRow {
  readonly prompt: readonly number[];
  /** Place among all contexts of the call. */
  readonly index: number;
  readonly #limits: DraftLimits;
  readonly #stream: TextStream;
  readonly #watch: RepetitionWatch;
  #text = "";
  #given = 0;
  #tokens = 0;
  #stop: StopReason | undefined;

  constructor(tokenizer: Tokenizer, prompt: readonly number[], index: number, limits: DraftLimits) {
    this.prompt = prompt;
    this.index = index;
    this.#limits = limits;
    this.#stream = textStream(tokenizer);
    this.#watch = new RepetitionWatch(limits.repetitionRun);
  }

  /** Tokens drawn so far. */
  get tokens(): number {
    return this.#tokens;
  }

  push(token: number): boolean {
    this.#tokens++;
    const { stopTokens, maxNewTokens, maximumPositions } = this.#limits;
    if (stopTokens.includes(token)) this.#stop = "end";
    else {
      this.#append(this.#stream.push(token));
      if (this.#tokens >= maxNewTokens) this.#stop ??= "length";
      if (this.prompt.length + this.#tokens >= maximumPositions) this.#stop ??= "context";
    }
    if (this.#stop !== undefined && this.#stop !== "repetition") this.#append(this.#stream.end());
    return this.#stop !== undefined;
  }

  /** Text that is new and that no later cut can take back; at the end, all that is left. */
  piece(): string {
    const end = this.#stop === undefined ? this.#watch.start : this.#text.length;
    const piece = this.#text.slice(this.#given, end);
    this.#given = Math.max(this.#given, end);
    return piece;
  }

  /** The response; only once `push` has returned true. */
  result(): Generation {
    const stop = this.#stop ?? "length";
    return { text: this.#text, tokens: this.#tokens, stop, repeated: stop === "repetition" };
  }

  #append(piece: string): void {
    this.#text += piece;
    if (piece === "" || !this.#watch.push(piece)) return;
    this.#text = this.#text.slice(0, this.#watch.start);
    this.#stop = "repetition";
  }
}
