/**
 * Cost learning on texts: a linear cost of hashed words of a draft, alone and together with the words of its context
 * (Misra et al. 2025, section 3.3, for a class of functions that can be fitted exactly).
 */
import { InvalidInput } from "../../core/errors.ts";
import { type CostOptions, costDefinition, editCosts } from "../cost.ts";
import { type Context, comparable, contextText, type EditRecord } from "../record.ts";
import { tokenizeWords } from "../tokens.ts";
import { type CostModel, type CostModelState, fitCost, restoreCost } from "./cost-model.ts";

/** Options of `fitTextCost`. */
export interface TextCostOptions {
  /** Buckets that words, pairs of neighbours, and pairs of context and draft words are hashed to. Default 256. */
  readonly buckets?: number;
  /** As for `fitCost`. Default 0.0003 times the number of edits: each feature is a small part of a row. */
  readonly ridge?: number;
  /**
   * How far from the fit, in squared cost summed over the log, a function may be and still count as fitting. Default
   * 6 times the mean squared residual, which is 2 ln(1 / 0.05).
   */
  readonly gamma?: number;
  /** What a cost is. Default words over the draft's words. */
  readonly cost?: CostOptions;
}

/** The state as JSON. */
export interface TextCostState {
  readonly format: 1;
  readonly buckets: number;
  readonly gamma: number;
  /** What the costs were. */
  readonly definition: string;
  readonly model: CostModelState;
}

/** The edit cost that a draft is expected to have. */
export interface TextCost {
  /** The fit. */
  predict(context: Context, draft: string): number;
  /** The largest cost among linear functions that fit the log nearly as well: dear where the log has seen little. */
  pessimistic(context: Context, draft: string): number;
  /** Root of the mean squared residual on the log, and of the costs' own spread: what the words explain. */
  readonly residual: number;
  readonly spread: number;
  toJSON(): TextCostState;
}

/**
 * Fits the edit costs of a log, all lines of it, accepted drafts as cost 0: of users who wave drafts through it learns the
 * opposite of what they want.
 *
 * @throws InvalidInput for an empty log or options out of range.
 * @example
 * const cost = fitTextCost(log.records);
 * const better = reranked(policy, { cost: (context, draft) => cost.pessimistic(context, draft) });
 */
export function fitTextCost(records: readonly EditRecord[], options: TextCostOptions = {}): TextCost {
  const { buckets = 256, ridge = 3e-4 * records.length, cost } = options;
  if (!(Number.isSafeInteger(buckets) && buckets >= 8 && buckets <= 4096))
    throw new InvalidInput(`buckets is ${buckets}; give a whole number from 8 to 4096`);
  if (records.length === 0) throw new InvalidInput("an empty log has no costs to learn");
  const rows = records.map(({ context, draft }) => textFeatures(context, draft, buckets));
  const { costs } = editCosts(records, cost);
  const model = fitCost(rows, costs, { ridge });
  const squares = meanOf(rows.map((row, i) => (model.predict(row) - costs[i]!) ** 2));
  const centre = meanOf(costs);
  const { gamma = 6 * squares } = options;
  const state = { buckets, gamma, definition: costDefinition(cost) };
  return textCost(model, state, Math.sqrt(squares), Math.sqrt(meanOf(costs.map((c) => (c - centre) ** 2))));
}

/** The cost from its state; throws `InvalidInput` when the state is damaged. */
export function restoreTextCost(state: TextCostState): TextCost {
  if (state?.format !== 1)
    throw new InvalidInput("this is no cost in format 1; make it again by fitTextCost or fpx edits cost");
  const { buckets, gamma, definition } = state;
  if (!(Number.isSafeInteger(buckets) && gamma >= 0))
    throw new InvalidInput("the cost's state is damaged: buckets or gamma is missing");
  return textCost(restoreCost(state.model), { buckets, gamma, definition }, Number.NaN, Number.NaN);
}

function textCost(
  model: CostModel,
  { buckets, gamma, definition }: Pick<TextCostState, "buckets" | "gamma" | "definition">,
  residual: number,
  spread: number,
): TextCost {
  return {
    predict: (context, draft) => model.predict(textFeatures(context, draft, buckets)),
    pessimistic: (context, draft) => model.pessimistic(textFeatures(context, draft, buckets), gamma),
    residual,
    spread,
    toJSON: () => ({ format: 1, buckets, gamma, definition, model: model.toJSON() }),
  };
}

/**
 * ψ(x, y) [buckets + 2]: a constant, the logarithm of the draft's length, and hashed presence of its words, of
 * neighbouring words, and of each of its words with each word of the context; the last three each of Euclidean length 1.
 */
export function textFeatures(context: Context, draft: string, buckets: number): Float64Array {
  const features = new Float64Array(buckets + 2);
  const words = tokenizeWords(comparable(draft).toLowerCase());
  const around = new Set(tokenizeWords(comparable(contextText(context)).toLowerCase()).map(hash));
  const own = [...new Set(words)].map(hash);
  const neighbours = new Set(words.slice(1).map((word, i) => hash(`${words[i]} ${word}`)));
  addHashed(features, own, buckets);
  addHashed(features, [...neighbours], buckets);
  addHashed(
    features,
    own.flatMap((word) => Array.from(around, (other) => mix(word ^ Math.imul(other, 0x9e3779b1)))),
    buckets,
  );
  features[buckets] = 1;
  features[buckets + 1] = Math.log1p(words.length) / 5;
  return features;
}

/** Adds a group of hashes with random signs, scaled to length 1. */
function addHashed(features: Float64Array, hashes: readonly number[], buckets: number): void {
  const scale = hashes.length === 0 ? 0 : 1 / Math.sqrt(hashes.length);
  for (const code of hashes) features[(code >>> 1) % buckets]! += (code & 1) === 0 ? scale : -scale;
}

/** FNV-1a with a last mix, of UTF-16 units. */
function hash(text: string): number {
  let code = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) code = Math.imul(code ^ text.charCodeAt(i), 0x01000193);
  return mix(code);
}

function mix(code: number): number {
  let mixed = code;
  mixed = Math.imul(mixed ^ (mixed >>> 16), 0x85ebca6b);
  mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2ae35);
  return (mixed ^ (mixed >>> 16)) >>> 0;
}

const meanOf = (values: ArrayLike<number>): number =>
  Array.from(values).reduce((sum, value) => sum + value, 0) / values.length;
