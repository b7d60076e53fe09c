/**
 * Log-linear policies over a fixed set of responses, such as style variants of a template:
 * ln π(y|x) = ln π_ref(y) + φ(y)' W x − ln Z(x). Losses and gradients in closed form, for all methods of learning
 * from edits (Misra et al. 2025, section 3).
 */
import { InvalidInput, NonFinite } from "../../core/errors.ts";
import { adamwStep } from "../../lm/index.ts";
import { softmaxInPlace } from "./cost-policy.ts";

/** The responses, the same for every context. */
export interface ResponseSet {
  /** Features φ(y), row-major [responses × dimension]. */
  readonly features: Float64Array;
  readonly dimension: number;
  /** ln π_ref(y) [responses], up to a constant. */
  readonly logReference: Float64Array;
}

/** Logged choices: a context, the response drafted and the one the user left. */
export interface ChoiceLog {
  /** Contexts x, row-major [edits × inputs]. */
  readonly contexts: Float64Array;
  readonly inputs: number;
  /** Indices of responses [edits]. */
  readonly drafts: ArrayLike<number>;
  readonly edited: ArrayLike<number>;
  /** What each edit counts in the means [edits], at least 0. Default: all the same. */
  readonly weights?: ArrayLike<number>;
}

/** A loss and its gradient with respect to W [dimension × inputs], which is added up in `gradient`. */
export interface ValueAndGradient {
  readonly loss: number;
  readonly gradient: Float64Array;
}

/** ln π(·|x) before normalisation [responses]. */
export function logits(responses: ResponseSet, weights: Float64Array, x: ArrayLike<number>): Float64Array {
  const { features, dimension, logReference } = responses;
  if (weights.length !== dimension * x.length)
    throw new InvalidInput(
      `W has ${weights.length} numbers; ${dimension} features by ${x.length} inputs need ${dimension * x.length}`,
    );
  const direction = new Float64Array(dimension);
  for (let a = 0; a < dimension; a++)
    for (let b = 0; b < x.length; b++) direction[a]! += weights[a * x.length + b]! * x[b]!;
  const scores = new Float64Array(logReference);
  for (let y = 0, k = 0; y < scores.length; y++) {
    let score = scores[y]!;
    for (let a = 0; a < dimension; a++) score += features[k++]! * direction[a]!;
    scores[y] = score;
  }
  return scores;
}

/** π(·|x) [responses]. */
export function probabilities(
  responses: ResponseSet,
  weights: Float64Array,
  x: ArrayLike<number>,
): Float64Array {
  return softmaxInPlace(logits(responses, weights, x));
}

/** The likeliest response; the first among equals. */
export function greedy(scores: ArrayLike<number>): number {
  let best = 0;
  for (let y = 1; y < scores.length; y++) if (scores[y]! > scores[best]!) best = y;
  return best;
}

/** Imitation: the mean over all edits of −ln π(y'|x). Throws `InvalidInput` for logs that do not fit the responses. */
export function imitationLoss(
  responses: ResponseSet,
  log: ChoiceLog,
  weights: Float64Array,
): ValueAndGradient {
  const shares = checkLog(responses, log);
  const gradient = new Float64Array(weights.length);
  let loss = 0;
  for (let i = 0; i < shares.length; i++) {
    const x = context(log, i);
    const policy = probabilities(responses, weights, x);
    loss -= shares[i]! * Math.log(policy[log.edited[i]!]!);
    const change = mean(responses, policy);
    addFeatures(change, responses, log.edited[i]!, -1);
    addOuter(gradient, change, x, shares[i]!);
  }
  return { loss, gradient };
}

/**
 * Preference of edited text over draft: the mean over all edits of softplus(−m), m = dpoBeta (φ(y') − φ(y))' W x. An
 * edit that changed nothing counts ln 2 and has no gradient.
 *
 * Throws `InvalidInput` when no edit changed anything or dpoBeta is not above 0.
 */
export function preferenceLoss(
  responses: ResponseSet,
  log: ChoiceLog,
  weights: Float64Array,
  { dpoBeta }: { readonly dpoBeta: number },
): ValueAndGradient {
  const shares = checkLog(responses, log);
  if (!(dpoBeta > 0 && Number.isFinite(dpoBeta)))
    throw new InvalidInput(`dpoBeta is ${dpoBeta}; give a positive number, such as 0.1`);
  const gradient = new Float64Array(weights.length);
  let loss = 0;
  let changed = 0;
  for (let i = 0; i < shares.length; i++) {
    const x = context(log, i);
    const change = new Float64Array(responses.dimension);
    addFeatures(change, responses, log.edited[i]!, 1);
    addFeatures(change, responses, log.drafts[i]!, -1);
    let score = 0;
    for (let a = 0; a < change.length; a++)
      for (let b = 0; b < x.length; b++) score += change[a]! * weights[a * x.length + b]! * x[b]!;
    const margin = dpoBeta * score;
    // softplus(−m) and sigmoid(−m), without overflow.
    const small = Math.exp(-Math.abs(margin));
    loss += shares[i]! * (Math.max(-margin, 0) + Math.log1p(small));
    if (log.drafts[i] === log.edited[i]) continue;
    changed++;
    addOuter(gradient, change, x, (-dpoBeta * shares[i]! * (margin >= 0 ? small : 1)) / (1 + small));
  }
  if (changed === 0)
    throw new InvalidInput("no edit of the log changed a draft: there is no preference to learn");
  return { loss, gradient };
}

/** The early ensemble: preference + sftWeight · imitation. Throws as both do, and for a negative weight. */
export function earlyLoss(
  responses: ResponseSet,
  log: ChoiceLog,
  weights: Float64Array,
  { dpoBeta, sftWeight }: { readonly dpoBeta: number; readonly sftWeight: number },
): ValueAndGradient {
  if (!(sftWeight >= 0 && Number.isFinite(sftWeight)))
    throw new InvalidInput(`sftWeight is ${sftWeight}; give a number from 0 up, such as 0.1`);
  const preference = preferenceLoss(responses, log, weights, { dpoBeta });
  if (sftWeight === 0) return preference;
  const imitation = imitationLoss(responses, log, weights);
  return {
    loss: preference.loss + sftWeight * imitation.loss,
    gradient: preference.gradient.map((value, k) => value + sftWeight * imitation.gradient[k]!),
  };
}

/**
 * The cost that policy-gradient learning lowers: the mean over contexts of E_π[cost + klBeta · ln(π / π_ref)], with
 * its exact gradient E_π[(cost + klBeta · ln(π / π_ref) − baseline) ∇ ln π]; the baseline is the expectation itself.
 *
 * @param costs expected cost of every response in a context [responses].
 */
export function policyGradient(
  responses: ResponseSet,
  log: Pick<ChoiceLog, "contexts" | "inputs">,
  weights: Float64Array,
  costs: (x: Float64Array) => ArrayLike<number>,
  { klBeta }: { readonly klBeta: number },
): ValueAndGradient {
  const { logReference, dimension, features } = responses;
  const n = log.contexts.length / log.inputs;
  const reference = softmaxInPlace(logReference.slice());
  const gradient = new Float64Array(weights.length);
  let loss = 0;
  for (let i = 0; i < n; i++) {
    const x = context(log, i);
    const policy = probabilities(responses, weights, x);
    const cost = costs(x);
    const regularized = policy.map((p, y) => cost[y]! + (p > 0 ? klBeta * Math.log(p / reference[y]!) : 0));
    const baseline = policy.reduce((sum, p, y) => sum + p * regularized[y]!, 0);
    if (!Number.isFinite(baseline)) throw new NonFinite(`the expected cost of context ${i} is ${baseline}`);
    loss += baseline / n;
    const change = new Float64Array(dimension);
    for (let y = 0; y < policy.length; y++) {
      const weight = policy[y]! * (regularized[y]! - baseline);
      for (let a = 0; a < dimension; a++) change[a]! += weight * features[y * dimension + a]!;
    }
    addOuter(gradient, change, x, 1 / n);
  }
  return { loss, gradient };
}

/** Options of `fitLogLinear`. */
export interface LogLinearFitOptions {
  /** Steps of Adam over the whole log. Default 200. */
  readonly steps?: number;
  /** Default 0.05. */
  readonly learningRate?: number;
}

/**
 * Lowers one of the losses above from W = 0, the reference policy; returns W [dimension × inputs].
 *
 * @example fitLogLinear((w) => imitationLoss(responses, log, w), responses.dimension * log.inputs);
 */
export function fitLogLinear(
  loss: (weights: Float64Array) => ValueAndGradient,
  size: number,
  { steps = 200, learningRate = 0.05 }: LogLinearFitOptions = {},
): Float64Array {
  const numbers = { values: new Float64Array(size), m: new Float64Array(size), v: new Float64Array(size) };
  for (let step = 1; step <= steps; step++) {
    const { loss: value, gradient } = loss(numbers.values);
    if (!Number.isFinite(value))
      throw new NonFinite(`the loss is ${value} at step ${step}; lower the learning rate`);
    adamwStep(numbers, gradient, step, learningRate, { weightDecay: 0 });
  }
  return numbers.values;
}

const context = (log: Pick<ChoiceLog, "contexts" | "inputs">, i: number): Float64Array =>
  log.contexts.subarray(i * log.inputs, (i + 1) * log.inputs);

/** E_π φ [dimension]. */
function mean({ features, dimension }: ResponseSet, policy: Float64Array): Float64Array {
  const sum = new Float64Array(dimension);
  for (let y = 0, k = 0; y < policy.length; y++) {
    const p = policy[y]!;
    for (let a = 0; a < dimension; a++) sum[a]! += p * features[k++]!;
  }
  return sum;
}

function addFeatures(
  to: Float64Array,
  { features, dimension }: ResponseSet,
  y: number,
  factor: number,
): void {
  for (let a = 0; a < dimension; a++) to[a]! += factor * features[y * dimension + a]!;
}

function addOuter(to: Float64Array, rows: Float64Array, columns: Float64Array, factor: number): void {
  for (let a = 0; a < rows.length; a++)
    for (let b = 0; b < columns.length; b++) to[a * columns.length + b]! += factor * rows[a]! * columns[b]!;
}

/** Checks a log, and gives each edit's share of the means [edits]. */
function checkLog(
  responses: ResponseSet,
  { contexts, inputs, drafts, edited, weights }: ChoiceLog,
): Float64Array {
  const count = responses.logReference.length;
  if (responses.features.length !== count * responses.dimension)
    throw new InvalidInput(
      `features hold ${responses.features.length} numbers, expected ${count} responses of ${responses.dimension}`,
    );
  const n = drafts.length;
  if (n === 0 || edited.length !== n || contexts.length !== n * inputs)
    throw new InvalidInput(
      `a log needs a context, a draft and an edited response each: got ${contexts.length / inputs}, ${n} and ${edited.length}`,
    );
  for (let i = 0; i < n; i++)
    for (const y of [drafts[i]!, edited[i]!])
      if (!(Number.isInteger(y) && y >= 0 && y < count))
        throw new InvalidInput(`edit ${i} names response ${y}, but there are ${count}`);
  if (weights === undefined) return new Float64Array(n).fill(1 / n);
  let total = 0;
  for (let i = 0; i < n; i++) {
    if (!(weights[i]! >= 0 && Number.isFinite(weights[i])))
      throw new InvalidInput(`the weight of edit ${i} is ${weights[i]}; give a number from 0 up`);
    total += weights[i]!;
  }
  if (!(total > 0)) throw new InvalidInput("all edits have the weight 0");
  return Float64Array.from({ length: n }, (_, i) => weights[i]! / total);
}
