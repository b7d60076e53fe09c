/**
 * Byte-pair encoding learned from texts: the commonest pair of neighbouring symbols inside words becomes a new
 * symbol, again and again (Sennrich et al. 2016, on bytes as in GPT-2).
 */

import { InvalidInput } from "../../core/errors.ts";
import { byteCharacters, wordPattern } from "./byte-level.ts";
import { roleTemplate, roleTokens } from "./prompt.ts";
import type { TokenizerDefinition } from "./tokenizer.ts";

/** What a trained tokenizer is to hold. */
export interface TrainTokenizerOptions {
  /** Size of the vocabulary: special tokens, 256 bytes and merges. Fewer merges are made when the texts run out of pairs. */
  readonly vocabSize: number;
  /** Further special tokens, after those of the role layout. Default none. */
  readonly specialTokens?: readonly string[];
  /** A pair seen fewer times than this is not merged. Default 2. */
  readonly minimumCount?: number;
}

/**
 * Learns a byte-level tokenizer from texts, laid out for chat with role markers.
 *
 * The result is what `tokenizer.json` and `tokenizer_config.json` hold; the same texts in any order give the same
 * result. Ties between pairs go to the lower symbol ids, as in the Python library `tokenizers`.
 *
 * Throws `InvalidInput` when `vocabSize` leaves no room for bytes and special tokens or there is no text.
 *
 * @example
 * const tokenizer = await loadTokenizer(trainTokenizer(drafts, { vocabSize: 2048 }));
 */
export function trainTokenizer(texts: Iterable<string>, options: TrainTokenizerOptions): TokenizerDefinition {
  const special = [...roleTokens, ...(options.specialTokens ?? [])];
  const { vocabSize, minimumCount = 2 } = options;
  if (new Set(special).size !== special.length || special.includes("")) {
    throw new InvalidInput(`special tokens must be distinct and not empty: ${special.join(" ")}`);
  }
  if (!Number.isSafeInteger(vocabSize) || vocabSize < special.length + 256 || vocabSize >= 2 ** 24) {
    throw new InvalidInput(
      `vocabSize is ${vocabSize}; give a whole number from ${special.length + 256} (256 bytes and ${special.length} special tokens) to ${2 ** 24 - 1}`,
    );
  }
  if (!Number.isSafeInteger(minimumCount) || minimumCount < 1) {
    throw new InvalidInput(`minimumCount is ${minimumCount}; give a whole number of at least 1`);
  }
  const characters = byteCharacters();
  const alphabet = [...characters].sort();
  const symbols = [...special, ...alphabet];
  const byteIds = characters.map((character) => special.length + alphabet.indexOf(character));
  const words = countWords(texts);
  if (words.size === 0)
    throw new InvalidInput("there is no text to learn a tokenizer from; give at least one");
  const merges = learnMerges(words, byteIds, symbols, { special, vocabSize, minimumCount });
  return definition(special, symbols, merges);
}

function countWords(texts: Iterable<string>): Map<string, number> {
  const counts = new Map<string, number>();
  for (const text of texts) {
    for (const word of text.match(wordPattern) ?? []) counts.set(word, (counts.get(word) ?? 0) + 1);
  }
  return counts;
}

/**
 * Appends new symbols to `symbols` and returns the merges. Two pairs that spell the same text (ab+c, a+bc) share a
 * symbol; a merge never spells a special token.
 */
function learnMerges(
  words: ReadonlyMap<string, number>,
  byteIds: readonly number[],
  symbols: string[],
  options: { readonly special: readonly string[]; readonly vocabSize: number; readonly minimumCount: number },
): [number, number][] {
  const { special, vocabSize, minimumCount } = options;
  const encoder = new TextEncoder();
  const idOf = new Map(symbols.map((symbol, id) => [symbol, id]));
  const spellings: number[][] = [];
  const frequencies: number[] = [];
  const pairs = new PairCounts(vocabSize);
  for (const [word, count] of words) {
    const spelling = Array.from(encoder.encode(word), (byte) => byteIds[byte]!);
    pairs.addWord(spelling, count, spellings.length);
    spellings.push(spelling);
    frequencies.push(count);
  }
  pairs.queueChanged();
  const merges: [number, number][] = [];
  while (symbols.length < vocabSize) {
    const best = pairs.takeCommonest();
    if (best === undefined || best.count < minimumCount) break;
    const { left, right } = best;
    const text = symbols[left]! + symbols[right]!;
    if (special.includes(text)) continue;
    const merged = idOf.get(text) ?? symbols.push(text) - 1;
    idOf.set(text, merged);
    merges.push([left, right]);
    for (const index of best.words) {
      const before = spellings[index]!;
      const after = mergeSymbols(before, left, right, merged);
      if (after.length === before.length) continue;
      pairs.replaceWord(before, after, frequencies[index]!, index, merged);
      spellings[index] = after;
    }
    pairs.queueChanged();
  }
  return merges;
}

function mergeSymbols(spelling: readonly number[], left: number, right: number, merged: number): number[] {
  const out: number[] = [];
  for (let i = 0; i < spelling.length; i++) {
    if (spelling[i] === left && spelling[i + 1] === right) {
      out.push(merged);
      i++;
    } else out.push(spelling[i]!);
  }
  return out;
}

/** How often each pair of neighbouring symbols occurs, in which words, and which is commonest. */
class PairCounts {
  readonly #radix: number;
  readonly #counts = new Map<number, number>();
  readonly #words = new Map<number, Set<number>>();
  readonly #changed = new Set<number>();
  /** Binary heap of [count when queued, pair]; an entry whose count has since changed is queued again when met. */
  readonly #heap: [number, number][] = [];

  constructor(radix: number) {
    this.#radix = radix;
  }

  addWord(spelling: readonly number[], count: number, index: number): void {
    for (let i = 0; i + 1 < spelling.length; i++) this.#add(this.#pair(spelling, i), count, index);
  }

  replaceWord(
    before: readonly number[],
    after: readonly number[],
    count: number,
    index: number,
    merged: number,
  ): void {
    for (let i = 0; i + 1 < before.length; i++) {
      const pair = this.#pair(before, i);
      this.#counts.set(pair, this.#counts.get(pair)! - count);
    }
    for (let i = 0; i + 1 < after.length; i++) {
      const pair = this.#pair(after, i);
      if (after[i] === merged || after[i + 1] === merged) this.#add(pair, count, index);
      else this.#counts.set(pair, this.#counts.get(pair)! + count);
    }
  }

  queueChanged(): void {
    for (const pair of this.#changed) this.#push([this.#counts.get(pair)!, pair]);
    this.#changed.clear();
  }

  takeCommonest():
    | {
        readonly left: number;
        readonly right: number;
        readonly count: number;
        readonly words: readonly number[];
      }
    | undefined {
    for (let entry = this.#pop(); entry !== undefined; entry = this.#pop()) {
      const [queued, pair] = entry;
      const count = this.#counts.get(pair) ?? 0;
      if (count === 0) continue;
      if (count !== queued) {
        this.#push([count, pair]);
        continue;
      }
      const words = [...this.#words.get(pair)!];
      this.#words.delete(pair);
      return { left: Math.floor(pair / this.#radix), right: pair % this.#radix, count, words };
    }
    return undefined;
  }

  #pair(spelling: readonly number[], i: number): number {
    return spelling[i]! * this.#radix + spelling[i + 1]!;
  }

  #add(pair: number, count: number, index: number): void {
    this.#counts.set(pair, (this.#counts.get(pair) ?? 0) + count);
    const words = this.#words.get(pair);
    if (words === undefined) this.#words.set(pair, new Set([index]));
    else words.add(index);
    this.#changed.add(pair);
  }

  #push(entry: [number, number]): void {
    const heap = this.#heap;
    let at = heap.length;
    while (at > 0) {
      const parent = (at - 1) >> 1;
      if (!precedes(entry, heap[parent]!)) break;
      heap[at] = heap[parent]!;
      at = parent;
    }
    heap[at] = entry;
  }

  #pop(): [number, number] | undefined {
    const heap = this.#heap;
    const top = heap[0];
    const last = heap.pop();
    if (heap.length === 0 || last === undefined) return top;
    let at = 0;
    for (;;) {
      let child = 2 * at + 1;
      if (child >= heap.length) break;
      if (child + 1 < heap.length && precedes(heap[child + 1]!, heap[child]!)) child++;
      if (!precedes(heap[child]!, last)) break;
      heap[at] = heap[child]!;
      at = child;
    }
    heap[at] = last;
    return top;
  }
}

function precedes(a: readonly [number, number], b: readonly [number, number]): boolean {
  return a[0] > b[0] || (a[0] === b[0] && a[1] < b[1]);
}

function definition(
  special: readonly string[],
  symbols: readonly string[],
  merges: readonly (readonly [number, number])[],
): TokenizerDefinition {
  const byteLevel = { type: "ByteLevel", add_prefix_space: false, trim_offsets: true, use_regex: true };
  const [begin, end, pad] = roleTokens;
  return {
    json: {
      version: "1.0",
      truncation: null,
      padding: null,
      added_tokens: special.map((content, id) => ({
        id,
        content,
        single_word: false,
        lstrip: false,
        rstrip: false,
        normalized: false,
        special: true,
      })),
      normalizer: null,
      pre_tokenizer: byteLevel,
      post_processor: null,
      decoder: byteLevel,
      model: {
        type: "BPE",
        dropout: null,
        unk_token: null,
        continuing_subword_prefix: null,
        end_of_word_suffix: null,
        fuse_unk: false,
        byte_fallback: false,
        ignore_merges: false,
        vocab: Object.fromEntries(symbols.map((symbol, id) => [symbol, id])),
        merges: merges.map(([left, right]) => `${symbols[left]} ${symbols[right]}`),
      },
    },
    config: {
      tokenizer_class: "PreTrainedTokenizerFast",
      bos_token: begin,
      eos_token: end,
      pad_token: pad,
      clean_up_tokenization_spaces: false,
      fpx_prompt_layout: "roles",
      chat_template: roleTemplate,
    },
  };
}
