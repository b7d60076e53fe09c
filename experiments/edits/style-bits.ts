/**
 * Worlds of style attributes, small enough to enumerate: a response has five style bits (and, in the wider world, a
 * length), a hidden domain wants a certain setting of them, and users differ in how thoroughly they edit.
 */
import {
  type ChoiceLog,
  costPolicy,
  createUcb,
  earlyLoss,
  fitCost,
  fitLogLinear,
  greedy,
  imitationLoss,
  logits,
  preferenceLoss,
  type ResponseSet,
} from "fpx/edits";
import type { Rng } from "fpx/random";

export const STYLE_USERS = ["strong", "weak", "lateral", "lazy"] as const;
export type StyleUser = (typeof STYLE_USERS)[number];
export const STYLE_POLICIES = ["base", "sft", "dpo", "cost", "early", "late"] as const;
export type StylePolicy = (typeof STYLE_POLICIES)[number];

const BITS = 5;
const DOMAINS = 4;
const LENGTHS = 10;
const INPUTS = DOMAINS + 1;

/** A response: bits and length level. */
interface Response {
  readonly bits: readonly number[];
  readonly length: number;
}

/** Which world, and how it is learned and tested. */
export interface StyleSettings {
  /** Adds a length from 0 to 9 to the five bits. */
  readonly lengths: boolean;
  readonly edits: number;
  readonly steps: number;
  readonly alpha: number;
  readonly episodes: number;
}

/** The world of five bits. */
export const STYLE_BITS: StyleSettings = {
  lengths: false,
  edits: 400,
  steps: 200,
  alpha: 0.2,
  episodes: 200,
};
/** The world with lengths, where drafts seldom show what is wanted. */
export const STYLE_LENGTHS: StyleSettings = {
  lengths: true,
  edits: 600,
  steps: 300,
  alpha: 0.3,
  episodes: 200,
};

const DPO_BETA = 0.1;
const SFT_WEIGHT = 0.1;
const KL_BETA = 0.01;

/** Mean edit cost of every policy on fresh contexts, tested with the strong user, when `user` made the log. */
export function styleCosts(settings: StyleSettings, user: StyleUser, rng: Rng): Record<StylePolicy, number> {
  const world = createWorld(settings, rng);
  const log = simulate(world, settings, user, rng);
  const size = world.responses.dimension * INPUTS;
  const fit = { steps: settings.steps };
  const { responses } = world;
  const trained = {
    sft: fitLogLinear((w) => imitationLoss(responses, log, w), size, fit),
    dpo: fitLogLinear((w) => preferenceLoss(responses, log, w, { dpoBeta: DPO_BETA }), size, fit),
    early: fitLogLinear(
      (w) => earlyLoss(responses, log, w, { dpoBeta: DPO_BETA, sftWeight: SFT_WEIGHT }),
      size,
      fit,
    ),
  };
  const costs = fitCost(
    Array.from({ length: settings.edits }, (_, i) => costFeatures(world, context(log, i), log.drafts[i]!)),
    Float64Array.from({ length: settings.edits }, (_, i) => distance(world, log.drafts[i]!, log.edited[i]!)),
  );
  const byCost = (x: Float64Array): number =>
    greedy(
      costPolicy(
        responses.logReference,
        world.all.map((_, y) => costs.predict(costFeatures(world, x, y))),
        { klBeta: KL_BETA },
      ),
    );
  const byWeights = (weights: Float64Array) => (x: Float64Array) => greedy(logits(responses, weights, x));

  // The order of the late ensemble's arms: imitation, preference, cost, early.
  const arms = {
    sft: byWeights(trained.sft),
    dpo: byWeights(trained.dpo),
    cost: byCost,
    early: byWeights(trained.early),
  };
  const names = Object.keys(arms) as (keyof typeof arms)[];
  const base = greedy(responses.logReference);
  const late = createUcb(names.length, { alpha: settings.alpha });
  const sums: Record<StylePolicy, number> = { base: 0, sft: 0, dpo: 0, cost: 0, early: 0, late: 0 };
  for (let t = 0; t < settings.episodes; t++) {
    const { x, domain } = drawContext(rng, "episode", t);
    const cost = (y: number): number =>
      distance(world, y, world.index(edited(world, "strong", domain, world.all[y]!, rng, "test user", t)));
    const seen = names.map((name) => cost(arms[name](x)));
    sums.base += cost(base);
    for (const [k, name] of names.entries()) sums[name] += seen[k]!;
    const { arm, ticket } = late.choose();
    late.update(ticket, seen[arm]!);
    sums.late += seen[arm]!;
  }
  for (const name of STYLE_POLICIES) sums[name] /= settings.episodes;
  return sums;
}

interface World {
  readonly all: readonly Response[];
  readonly responses: ResponseSet;
  /** What each domain wants. */
  readonly wanted: readonly Response[];
  /** The probability of each response under the reference, cumulated. */
  readonly cumulative: Float64Array;
  index(response: Response): number;
  tokens(y: number): number;
}

function createWorld({ lengths }: StyleSettings, rng: Rng): World {
  const levels = lengths ? LENGTHS : 1;
  const all: Response[] = [];
  for (let length = 0; length < levels; length++)
    for (let code = 0; code < 1 << BITS; code++)
      all.push({ bits: Array.from({ length: BITS }, (_, b) => (code >> b) & 1), length });
  const dimension = BITS + (lengths ? 2 : 0);
  const features = new Float64Array(all.length * dimension);
  const logReference = new Float64Array(all.length);
  all.forEach(({ bits, length }, y) => {
    bits.forEach((bit, b) => {
      features[y * dimension + b] = 2 * bit - 1;
      logReference[y]! += Math.log(bit === 1 ? 0.2 : 0.8);
    });
    if (!lengths) return;
    features[y * dimension + BITS] = length / 9;
    features[y * dimension + BITS + 1] = (length / 9) ** 2;
    logReference[y]! -= (length - 1) ** 2 / (2 * 0.6 ** 2);
  });
  const draws = rng.draws("wishes");
  const wanted = Array.from({ length: DOMAINS }, (): Response => {
    const on = new Set<number>();
    while (on.size < 3) on.add(draws.integer(BITS));
    return {
      bits: Array.from({ length: BITS }, (_, b) => (on.has(b) ? 1 : 0)),
      length: lengths ? 4 + draws.integer(3) : 0,
    };
  });
  const reference = costPolicy(logReference, new Float64Array(all.length), { klBeta: 1 });
  let sum = 0;
  return {
    all,
    responses: { features, dimension, logReference },
    wanted,
    cumulative: reference.map((p) => (sum += p)),
    index: ({ bits, length }) => bits.reduce((code, bit, b) => code | (bit << b), length << BITS),
    // Two tokens stand for what no style changes; a response with a length has its bits and that many more.
    tokens: (y) => (lengths ? BITS + all[y]!.length : BITS + 2),
  };
}

function simulate(world: World, { edits }: StyleSettings, user: StyleUser, rng: Rng): ChoiceLog {
  const contexts = new Float64Array(edits * INPUTS);
  const drafts = new Uint32Array(edits);
  const after = new Uint32Array(edits);
  for (let i = 0; i < edits; i++) {
    const { x, domain } = drawContext(rng, "log", i);
    contexts.set(x, i * INPUTS);
    const u = rng.draws("drafts", i).uniform();
    const last = world.cumulative.length - 1;
    let y = 0;
    while (y < last && world.cumulative[y]! < u) y++;
    drafts[i] = y;
    after[i] = world.index(edited(world, user, domain, world.all[y]!, rng, "log user", i));
  }
  return { contexts, inputs: INPUTS, drafts, edited: after };
}

/** The domain one-hot under noise, and a constant. */
function drawContext(
  rng: Rng,
  purpose: string,
  i: number,
): { readonly x: Float64Array; readonly domain: number } {
  const domain = rng.draws(`${purpose} domains`, i).integer(DOMAINS);
  const noise = rng.stream(`${purpose} noise`, i).normals(DOMAINS);
  const x = new Float64Array(INPUTS).fill(1, DOMAINS);
  for (let k = 0; k < DOMAINS; k++) x[k] = (k === domain ? 1 : 0) + 0.3 * noise[k]!;
  return { x, domain };
}

function edited(
  world: World,
  user: StyleUser,
  domain: number,
  draft: Response,
  rng: Rng,
  purpose: string,
  i: number,
): Response {
  const draws = rng.draws(purpose, i);
  const target = world.wanted[domain]!;
  const long = world.all.length > 1 << BITS;
  const wrong = draft.bits.filter((bit, b) => bit !== target.bits[b]).length;
  // As many numbers are drawn whatever the draft is, so that policies meet the same user.
  const u = Array.from({ length: 2 * BITS + 3 }, () => draws.uniform());
  const fixWith = (share: number): Response => ({
    bits: draft.bits.map((bit, b) => (u[b]! < share ? target.bits[b]! : bit)),
    length: u[BITS]! < share ? target.length : draft.length,
  });
  switch (user) {
    case "strong":
      return fixWith(0.95);
    case "lazy":
      return wrong >= 3 && u[BITS + 1]! < 0.95 ? draft : fixWith(0.95);
    case "weak": {
      const chosen = Math.floor(u[0]! * (BITS + (long ? 1 : 0)));
      return {
        bits: draft.bits.map((bit, b) => (b === chosen ? target.bits[b]! : bit)),
        length: chosen === BITS ? draft.length + Math.sign(target.length - draft.length) : draft.length,
      };
    }
    case "lateral": {
      const fixed = fixWith(0.35);
      return { ...fixed, bits: fixed.bits.map((bit, b) => (u[BITS + 2 + b]! < 0.3 ? 1 - bit : bit)) };
    }
  }
}

/** Edit cost: changed bits and steps of length, over the draft's tokens. */
function distance(world: World, draft: number, after: number): number {
  const [a, b] = [world.all[draft]!, world.all[after]!];
  const bits = a.bits.filter((bit, k) => bit !== b.bits[k]).length;
  return (bits + Math.abs(a.length - b.length)) / world.tokens(draft);
}

/** ψ(x, y): the response's features and a constant, each with each input of the context. */
function costFeatures({ responses }: World, x: Float64Array, y: number): Float64Array {
  const { features, dimension } = responses;
  const out = new Float64Array((dimension + 1) * INPUTS);
  for (let a = 0; a <= dimension; a++)
    for (let b = 0; b < INPUTS; b++)
      out[a * INPUTS + b] = (a < dimension ? features[y * dimension + a]! : 1) * x[b]!;
  return out;
}

const context = (log: ChoiceLog, i: number): Float64Array =>
  log.contexts.subarray(i * INPUTS, (i + 1) * INPUTS);
