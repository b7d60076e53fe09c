/** What an edit costs: the tokens changed between a draft and what its user left of it. */

import { InvalidInput } from "../core/errors.ts";
import { levenshtein } from "./levenshtein.ts";
import { comparable, type EditRecord } from "./record.ts";
import { TokenIds, type Tokenize, tokenizer } from "./tokens.ts";

/** What the number of changed tokens is divided by. */
export type Normalize = "draft" | "edited" | "max" | "none";

/** Options of the edit cost. */
export interface CostOptions {
  /** Default "words". */
  readonly tokenize?: Tokenize;
  /** Divisor: the tokens of the draft (default), of the edited text, of the longer of the two, or none. */
  readonly normalize?: Normalize;
}

/** Version of what the tokenizers of fpx cut; a change of any of them raises it. */
const TOKENIZERS_VERSION = 1;
const NORMALIZERS: readonly Normalize[] = ["draft", "edited", "max", "none"];

/**
 * The name of a definition of cost, to be stored with results: costs are comparable only under the same name.
 *
 * @example costDefinition(); // "levenshtein/words@1/draft"
 */
export function costDefinition(options: CostOptions = {}): string {
  const { tokenize = "words", normalize = "draft" } = options;
  if (!NORMALIZERS.includes(normalize)) {
    throw new InvalidInput(
      `unknown normalizer ${JSON.stringify(normalize)}; use one of ${NORMALIZERS.join(", ")}`,
    );
  }
  const cut =
    typeof tokenize === "function"
      ? `custom:${tokenize.name || "anonymous"}`
      : `${tokenize}@${TOKENIZERS_VERSION}`;
  return `levenshtein/${cut}/${normalize}`;
}

/** The numbers of one edit. */
export interface EditCount {
  /** Tokens inserted, deleted and substituted: the Levenshtein distance. */
  readonly changes: number;
  readonly draftTokens: number;
  readonly editedTokens: number;
  /** `changes` over the divisor. */
  readonly cost: number;
}

/** Measures edits under one definition; texts measured by the same meter share their token ids. */
export interface CostMeter {
  readonly definition: string;
  /** The token ids of a text in comparable form. */
  encode(text: string): Int32Array;
  /** The token of an id. */
  token(id: number): string;
  /** Measures two texts as `encode` gave them. Throws `InvalidInput` where the divisor is zero and the texts differ. */
  compare(draft: Int32Array, edited: Int32Array): EditCount;
  /** What changes between two texts are divided by. Throws `InvalidInput` where it is zero. */
  divisor(draft: Int32Array, edited: Int32Array): number;
}

/** Makes a meter. Throws `InvalidInput` for an unknown tokenizer or normalizer. */
export function costMeter(options: CostOptions = {}): CostMeter {
  const { normalize = "draft" } = options;
  const definition = costDefinition(options);
  const cut = tokenizer(options.tokenize);
  const ids = new TokenIds();
  return {
    definition,
    encode: (text) => ids.of(cut(comparable(text))),
    token: (id) => ids.token(id),
    divisor: (draft, edited) => divisor(draft.length, edited.length, normalize),
    compare(draft, edited) {
      const changes = draft === edited ? 0 : levenshtein(draft, edited);
      return {
        changes,
        draftTokens: draft.length,
        editedTokens: edited.length,
        cost: changes === 0 ? 0 : changes / divisor(draft.length, edited.length, normalize),
      };
    },
  };
}

function divisor(draftTokens: number, editedTokens: number, normalize: Normalize): number {
  if (normalize === "none") return 1;
  if (normalize === "max") return Math.max(draftTokens, editedTokens);
  const tokens = normalize === "draft" ? draftTokens : editedTokens;
  if (tokens > 0) return tokens;
  const text = normalize === "draft" ? "draft" : "edited text";
  throw new InvalidInput(
    `the ${text} has no tokens, so its edit cost has no divisor; leave it out or use normalize: "max"`,
  );
}

/**
 * Cost of an edit: the Levenshtein distance between the token sequences of the two texts (each insertion, deletion
 * and substitution counts 1), by default over the number of tokens of the draft. 0 for texts with the same tokens;
 * above 1 where a short draft grew much. Line ends and Unicode form are brought to one form first.
 *
 * Throws `InvalidInput` for an unknown option, and where the divisor is zero and the texts differ.
 * Source: Levenshtein over NLTK words divided by the draft's tokens, Misra et al. (2025), arXiv 2601.19055.
 *
 * @example editCost("Send the report .", "Please send the report ."); // 0.5: one word added, one in lower case
 */
export function editCost(draft: string, edited: string, options: CostOptions = {}): number {
  const meter = costMeter(options);
  return meter.compare(meter.encode(draft), meter.encode(edited)).cost;
}

/** The numbers of many edits, one entry a record. */
export interface EditCosts {
  /** Name of the definition, see `costDefinition`. */
  readonly definition: string;
  readonly changes: Int32Array;
  readonly draftTokens: Int32Array;
  readonly editedTokens: Int32Array;
  readonly costs: Float64Array;
}

/** Measures every record of a log. Throws `InvalidInput` naming the record that has no cost. */
export function editCosts(
  records: readonly Pick<EditRecord, "draft" | "edited">[],
  options: CostOptions = {},
): EditCosts {
  const meter = costMeter(options);
  const n = records.length;
  const changes = new Int32Array(n);
  const draftTokens = new Int32Array(n);
  const editedTokens = new Int32Array(n);
  const costs = new Float64Array(n);
  for (let i = 0; i < n; i++) {
    const record = records[i]!;
    const draft = meter.encode(record.draft);
    const edited = record.edited === record.draft ? draft : meter.encode(record.edited);
    const count = counted(meter, draft, edited, i);
    changes[i] = count.changes;
    draftTokens[i] = count.draftTokens;
    editedTokens[i] = count.editedTokens;
    costs[i] = count.cost;
  }
  return { definition: meter.definition, changes, draftTokens, editedTokens, costs };
}

function counted(meter: CostMeter, draft: Int32Array, edited: Int32Array, index: number): EditCount {
  try {
    return meter.compare(draft, edited);
  } catch (error) {
    if (!(error instanceof InvalidInput)) throw error;
    throw new InvalidInput(`record ${index}: ${error.message}`, { cause: error });
  }
}
