/** What the statistics of a log advise before learning from it. */

import { wilsonShare } from "./estimates.ts";
import type { TokenTraffic } from "./laterality.ts";
import type { RejectCode } from "./reader.ts";
import type { EditStats, GroupStats } from "./stats.ts";
import type { WaveringPlace } from "./wavering.ts";

/** The numbers behind each piece of advice. */
export interface AdviceEvidence {
  readonly "no-edits": { readonly n: number; readonly edited: number };
  readonly "few-edits": { readonly edited: number; readonly drafts: number };
  /** Records by policy; "" for those that name none. */
  readonly "several-policies": Readonly<Record<string, number>>;
  readonly "policy-unnamed": { readonly unnamed: number };
  /** The first ten of them. */
  readonly "lazy-users": {
    readonly users: readonly {
      readonly user: string | null;
      readonly n: number;
      readonly editedRate: number;
      /** Of pairs of an accepted and a changed draft, the share in which the accepted one was expected to cost more. */
      readonly acceptedDearer?: number;
    }[];
  };
  readonly "lateral-edits": {
    readonly lateralityIndex: number | null;
    readonly tokens: readonly TokenTraffic[];
    /** Share of changes at recurring places that no context foretells, and the places. */
    readonly wavering: number | null;
    readonly places: readonly WaveringPlace[];
  };
  readonly "length-growth": LengthEvidence;
  readonly "length-loss": LengthEvidence;
  readonly rewrites: { readonly medianCost: number };
  readonly "costless-edits": { readonly costlessEdits: number };
  readonly duplicates: { readonly duplicates: number };
  readonly "truncated-drafts": { readonly truncatedDrafts: number };
  readonly "rejected-lines": Readonly<Partial<Record<RejectCode, number>>>;
}

interface LengthEvidence extends LengthChanges {
  readonly meanLengthRatio: number;
}

/** One piece of advice; `code` is stable, `evidence` the numbers behind it. */
export type Advice = {
  readonly [Code in keyof AdviceEvidence]: {
    readonly code: Code;
    readonly message: string;
    readonly evidence: AdviceEvidence[Code];
  };
}[keyof AdviceEvidence];

/** Ways to learn from a log. */
export type LearningMethod = "sft" | "dpo" | "cost" | "early";

/** Whether a method is advised for a log, and the advice that speaks against it. */
export interface MethodAdvice {
  readonly method: LearningMethod;
  readonly advised: boolean;
  readonly against: readonly Advice["code"][];
}

/**
 * What speaks against which method. Preferences: of a mixed log they are measured against the wrong reference, from edits
 * without direction they favour what is rare, from one-sided lengths they run away; an imitation term holds them. Costs: of
 * lazy users a bad draft counts as free. Imitation: lazy users' drafts are targets.
 */
const AGAINST: Readonly<Partial<Record<Advice["code"], readonly LearningMethod[]>>> = {
  "no-edits": ["sft", "dpo", "cost", "early"],
  "several-policies": ["dpo", "early"],
  "lazy-users": ["cost", "sft"],
  "lateral-edits": ["dpo"],
  "length-growth": ["dpo"],
  "length-loss": ["dpo"],
  rewrites: ["dpo", "early"],
  "truncated-drafts": ["dpo"],
};

/** Which methods the advice leaves. */
export function adviseMethods(advice: readonly Pick<Advice, "code">[]): MethodAdvice[] {
  return (["sft", "dpo", "cost", "early"] as const).map((method) => {
    const against = advice.map(({ code }) => code).filter((code) => AGAINST[code]?.includes(method));
    return { method, advised: against.length === 0, against };
  });
}

/** How many edits made the text longer and shorter. */
export interface LengthChanges {
  readonly lengthened: number;
  readonly shortened: number;
}

/** Below this many edited drafts, figures of learned policies are mostly noise. */
const FEW_DRAFTS = 100;
/** Users with fewer records say too little about themselves. */
const RECORDS_PER_USER = 20;
/**
 * Users may wave drafts through who accept drafts that were expected to cost more than those they changed, by so many
 * deviations; and, unless they accept cheaper ones by as many, who edit less than this share of their drafts, as far as 95 %
 * confidence can tell, or of what the others edit.
 */
const DEARER = 3;
const LAZY_RATE = 0.1;
const LAZY_AGAINST_OTHERS = 1 / 3;
const LATERAL = 0.7;
/** In simulated logs at most 0.25 for people with wishes, 0.42 and more for those without. */
const WAVERING = 1 / 3;
const LENGTH_RATIO = 1.2;
const ONE_SIDED = 0.8;
const REWRITE_COST = 0.8;
const COSTLESS_SHARE = 0.05;

/** The advice that follows from statistics. */
export function advise(stats: Omit<EditStats, "advice" | "methods">, lengths: LengthChanges): Advice[] {
  return [
    ...onAmount(stats),
    ...onPolicies(stats),
    ...onUsers(stats),
    ...onDirection(stats),
    ...onLength(stats, lengths),
    ...onTexts(stats),
  ];
}

type Stats = Omit<EditStats, "advice" | "methods">;

function onAmount({ n, editedRate, drafts }: Stats): Advice[] {
  const edited = Math.round(n * editedRate);
  if (edited === 0) {
    const message =
      "no draft was changed, so there is no preference to learn; check which field holds the edited text";
    return [{ code: "no-edits", message, evidence: { n, edited } }];
  }
  if (Math.min(edited, drafts) >= FEW_DRAFTS) return [];
  const message = `there are ${edited} edits of ${drafts} different drafts; below about ${FEW_DRAFTS} of each, what is learned is hard to tell from chance`;
  return [{ code: "few-edits", message, evidence: { edited, drafts } }];
}

function onPolicies({ n, policies, perPolicy }: Stats): Advice[] {
  const counts = Object.fromEntries(perPolicy.map((policy) => [policy.name ?? "", policy.n]));
  const unnamed = perPolicy.find((policy) => policy.name === null)?.n ?? 0;
  if (policies > 1) {
    const message = `the drafts come from ${policies} policies: DPO measures every pair against one reference policy, which wrote the drafts of one of them at most; learn from one policy at a time, or by SFT`;
    return [{ code: "several-policies", message, evidence: counts }];
  }
  if (unnamed === 0) return [];
  const message = `${unnamed} of ${n} records do not say which policy wrote the draft; DPO takes for granted that all of them come from its reference policy`;
  return [{ code: "policy-unnamed", message, evidence: { unnamed } }];
}

function onUsers({ n, editedRate, perUser, acceptance }: Stats): Advice[] {
  const edits = n * editedRate;
  const ofUser = new Map(acceptance.map((one) => [one.user, one]));
  const isLazy = (user: GroupStats): boolean => {
    if (user.n < RECORDS_PER_USER) return false;
    const z = ofUser.get(user.name)?.z ?? 0;
    if (Math.abs(z) >= DEARER) return z > 0;
    const others = n > user.n ? (edits - user.n * user.editedRate) / (n - user.n) : 0;
    const { lower } = wilsonShare(Math.round(user.n * user.editedRate), user.n);
    return lower < LAZY_RATE || user.editedRate < LAZY_AGAINST_OTHERS * others;
  };
  const lazy = perUser.filter(isLazy);
  if (lazy.length === 0 || edits === 0) return [];
  const message = `${lazy.length} of ${perUser.length} users change hardly any draft, or accept those that should cost most; if they wave bad drafts through, these teach SFT and cost learning the wrong thing: leave out accepted drafts that nobody looked at, as by --where "dwell>=2", or all accepted ones of SFT by --no-accepted`;
  const evidence = {
    users: lazy.slice(0, 10).map(({ name, n: records, editedRate: rate }) => {
      const share = ofUser.get(name)?.dearer;
      const acceptedDearer = share === undefined ? {} : { acceptedDearer: share };
      return { user: name, n: records, editedRate: rate, ...acceptedDearer };
    }),
  };
  return [{ code: "lazy-users", message, evidence }];
}

function onDirection({ lateralityIndex, laterality, wavering }: Stats): Advice[] {
  const bothWays = (lateralityIndex ?? 0) >= LATERAL;
  if (!bothWays && (wavering.share ?? 0) < WAVERING) return [];
  const what = bothWays
    ? "edits bring in and take out the same words about equally often"
    : "the same person changes the same words now one way, now another, and no context foretells which";
  const message = `${what}: either what is wanted differs by something that the log does not show, or the edits have no direction, and then DPO favours whatever is rare in drafts; do not use DPO alone`;
  const tokens = laterality.traffic.slice(0, 5);
  const evidence = { lateralityIndex, tokens, wavering: wavering.share, places: wavering.places };
  return [{ code: "lateral-edits", message, evidence }];
}

function onLength(
  { meanLengthRatio, editedRate, n }: Stats,
  { lengthened, shortened }: LengthChanges,
): Advice[] {
  const edited = n * editedRate;
  const evidence = { meanLengthRatio, lengthened, shortened };
  if (meanLengthRatio >= LENGTH_RATIO && lengthened >= ONE_SIDED * edited) {
    const message =
      "nearly all edits lengthen the draft: DPO may run away in length; keep an SFT term (early ensemble) and watch the mean length";
    return [{ code: "length-growth", message, evidence }];
  }
  if (meanLengthRatio <= 1 / LENGTH_RATIO && shortened >= ONE_SIDED * edited) {
    const message =
      "nearly all edits shorten the draft: DPO may learn to say less and less; keep an SFT term (early ensemble) and watch the mean length";
    return [{ code: "length-loss", message, evidence }];
  }
  return [];
}

function onTexts(stats: Stats): Advice[] {
  const { n, costQuantiles, costDefinition, costlessEdits, duplicates, truncatedDrafts, rejects } = stats;
  const advice: Advice[] = [];
  if (costQuantiles.median >= REWRITE_COST && !costDefinition.endsWith("/none")) {
    const message =
      "half of the drafts were all but rewritten: the edited text says little about the draft, so SFT fits better than preferences";
    advice.push({ code: "rewrites", message, evidence: { medianCost: costQuantiles.median } });
  }
  if (costlessEdits >= COSTLESS_SHARE * n) {
    const message = `${costlessEdits} edits change spacing or line breaks alone, which the cost ${costDefinition} does not count; count characters if layout matters`;
    advice.push({ code: "costless-edits", message, evidence: { costlessEdits } });
  }
  if (duplicates > 0) {
    const message = `${duplicates} records repeat an earlier one of the same user and weigh twice or more; leave them out unless they happened`;
    advice.push({ code: "duplicates", message, evidence: { duplicates } });
  }
  if (truncatedDrafts > 0) {
    const message = `${truncatedDrafts} drafts seem to break off before their end; what users add there is no wish of theirs: leave them out, by --drop-truncated`;
    advice.push({ code: "truncated-drafts", message, evidence: { truncatedDrafts } });
  }
  if (rejects > 0) {
    const message = `${rejects} lines were rejected and are not in these figures`;
    advice.push({ code: "rejected-lines", message, evidence: { ...stats.rejectsByCode } });
  }
  return advice;
}
