/**
 * Token edit distance against `fastest-levenshtein`, which compares strings: each token id becomes one UTF-16
 * unit for it. In the rows "of ids" that conversion is left out on both sides; in the rows "of words" both
 * sides begin with arrays of words.
 */
import { distance } from "fastest-levenshtein";
import { levenshteinAll } from "../src/edits/levenshtein.ts";
import { createRng } from "../src/random/index.ts";
import { type BenchRow, type Contest, compare } from "./harness.ts";

export const name = "Levenshtein, 1,000 pairs of 256 tokens";

const PAIRS = 1000;
const TOKENS = 256;

type Pair = readonly [Int32Array, Int32Array];

export async function bench(): Promise<BenchRow[]> {
  const rows: BenchRow[] = [];
  for (const contest of contests()) {
    rows.push(await compare({ ...contest, peerName: "fastest-levenshtein", unit: "us", operations: PAIRS }));
  }
  return rows;
}

type Sides = Pick<Contest, "name" | "ours" | "peer" | "target" | "note">;

function* contests(): Generator<Sides> {
  const edited = editedPairs();
  yield ofIds("drafts and their edits, of ids", edited);
  for (const alphabet of [26, 50, 2000, 60_000]) {
    yield ofIds(`unrelated, ${alphabet} different tokens, of ids`, unrelatedPairs(alphabet));
  }
  yield ofWords("drafts and their edits, of words", edited);
}

function ofIds(name: string, pairs: readonly Pair[]): Sides {
  const texts = pairs.map(([a, b]) => [text(a), text(b)] as const);
  const theirs = () => texts.map(([a, b]) => distance(a, b));
  const ours = () => levenshteinAll(pairs);
  if (ours().join() !== theirs().join()) throw new Error(`the distances differ for: ${name}`);
  return { name, ours, peer: theirs, target: "<= 0.125" };
}

function ofWords(name: string, pairs: readonly Pair[]): Sides {
  const word = (id: number): string => `word${id}`;
  const words = pairs.map(([a, b]) => [Array.from(a, word), Array.from(b, word)] as const);
  return {
    name,
    note: "turning words into ids or units included",
    ours: () => {
      const ids = new Map<string, number>();
      const encode = (list: readonly string[]): Int32Array => {
        const out = new Int32Array(list.length);
        for (let i = 0; i < out.length; i++) out[i] = numbered(ids, list[i]!);
        return out;
      };
      return levenshteinAll(words.map(([a, b]) => [encode(a), encode(b)]));
    },
    peer: () => {
      const ids = new Map<string, number>();
      const encode = (list: readonly string[]): string =>
        list.map((token) => String.fromCharCode(numbered(ids, token))).join("");
      return words.map(([a, b]) => distance(encode(a), encode(b)));
    },
  };
}

function numbered(ids: Map<string, number>, token: string): number {
  let id = ids.get(token);
  if (id === undefined) ids.set(token, (id = ids.size));
  return id;
}

/** A flat string, so that no rope is flattened while time is taken. */
function text(tokens: Int32Array): string {
  return Buffer.from(Uint16Array.from(tokens).buffer).toString("utf16le");
}

function unrelatedPairs(alphabet: number): Pair[] {
  const stream = createRng(1).stream("unrelated", alphabet);
  const tokens = (i: number) => Int32Array.from(stream.integers(alphabet, TOKENS, i * TOKENS));
  return Array.from({ length: PAIRS }, (_, i) => [tokens(2 * i), tokens(2 * i + 1)]);
}

/**
 * Drafts whose words are as frequent as those of a language (Zipf's law over 8,000), and edits that replace,
 * insert and delete a fifth of them, spread over the draft; cut or filled to 256 tokens.
 */
function editedPairs(): Pair[] {
  const draws = createRng(1).draws("edited");
  const word = () => Math.floor(8000 ** draws.uniform()) - 1;
  return Array.from({ length: PAIRS }, () => {
    const draft = Array.from({ length: TOKENS }, word);
    const edited = draft.flatMap((token) => {
      if (draws.uniform() >= 0.2) return [token];
      return draws.pick([[], [word()], [word()], [token, word()]]);
    });
    while (edited.length < TOKENS) edited.push(word());
    return [Int32Array.from(draft), Int32Array.from(edited.slice(0, TOKENS))];
  });
}
