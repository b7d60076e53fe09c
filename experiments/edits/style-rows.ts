/** The worlds of style attributes as rows: who made the log decides which method wins; the late ensemble is never far off. */
import type { Oracle } from "fpx";
import { maxSubOpt } from "fpx/edits";
import { createRng } from "fpx/random";
import { barPlot } from "fpx/report";
import { answersOf, type Findings, type Row, type RowContext } from "../reproduction.ts";
import {
  STYLE_BITS,
  STYLE_LENGTHS,
  STYLE_POLICIES,
  STYLE_USERS,
  type StylePolicy,
  type StyleSettings,
  type StyleUser,
  styleCosts,
} from "./style-bits.ts";

/** Mean edit cost by policy, [user][seed]. */
type Costs = Readonly<Record<StylePolicy, readonly (readonly number[])[]>>;

export const styleBits: Row = {
  id: "E1",
  title: "Five style bits, four kinds of user, all methods",
  async run(context): Promise<Findings> {
    const seeds = seedsOf(context, 30, 3);
    const { costs, mean, findings } = await study(STYLE_BITS, STYLE_USERS, seeds, context);
    const worst = maxSubOpt(costs);
    const single = STYLE_POLICIES.filter((policy) => policy !== "late" && policy !== "base");
    const best = (user: StyleUser) => single.reduce((a, b) => (mean(a, user) <= mean(b, user) ? a : b));
    const bests = STYLE_USERS.map((user) => `${best(user)} (${user})`).join(", ");
    const trained = Math.min(...single.map((policy) => worst[policy].mean));
    return {
      ...findings,
      claims: [
        {
          id: "E1.1",
          claim: "no single method is best for every log",
          published: "Early for both summaries, DPO for both e-mails (Table 1)",
          measured: bests,
          verdict: new Set(STYLE_USERS.map(best)).size > 1 ? "reproduced" : "not",
          seeds,
        },
        {
          id: "E1.2",
          claim: "the late ensemble has the smallest Max SubOpt",
          published: "Late .1586, next Early .1612 (Table 1)",
          measured: `Late ${figure(worst.late.mean)}, next ${figure(trained)}`,
          verdict: worst.late.mean < trained ? "reproduced" : "not",
          seeds,
        },
        {
          id: "E1.3",
          claim: "imitation needs a thorough user: its cost rises when the log is a weak user's",
          published: ".5377 to .9304 (summaries), .4159 to .4539 (e-mails)",
          measured: `${figure(mean("sft", "strong"))} to ${figure(mean("sft", "weak"))}`,
          verdict: mean("sft", "weak") > mean("sft", "strong") ? "reproduced" : "not",
          seeds,
        },
        {
          id: "E1.4",
          claim: "preference learning beats imitation on a weak user's log",
          published: ".8267 against .9304 (summaries), .3368 against .4539 (e-mails)",
          measured: `${figure(mean("dpo", "weak"))} against ${figure(mean("sft", "weak"))}`,
          verdict: mean("dpo", "weak") < mean("sft", "weak") ? "reproduced" : "not",
          seeds,
        },
        {
          id: "E1.5",
          claim: "mixing both losses can beat either",
          published: ".2092 against .5377 and 1.0790 (summaries, strong)",
          measured: `lateral user: ${figure(mean("early", "lateral"))} against ${figure(mean("sft", "lateral"))} and ${figure(mean("dpo", "lateral"))}`,
          verdict:
            mean("early", "lateral") < Math.min(mean("sft", "lateral"), mean("dpo", "lateral"))
              ? "reproduced"
              : "not",
          seeds,
        },
      ],
      notes: [
        "A stand-in that can be enumerated: 32 responses, four hidden domains, 400 logged edits, 200 episodes with the strong user. The published figures are of 8B and 32B models, which do not run here; compare orderings, not sizes.",
        "The paper did not run cost learning; here it is the worst choice of all on a lazy user's log, because an unedited bad draft counts as free.",
      ],
    };
  },
};

export const styleLengths: Row = {
  id: "E2",
  title: "A wider world, where drafts seldom show what is wanted",
  async run(context): Promise<Findings> {
    const seeds = seedsOf(context, 6, 1);
    const users = ["strong", "weak"] as const;
    const { costs, mean, findings } = await study(STYLE_LENGTHS, users, seeds, context);
    const worst = maxSubOpt(costs);
    return {
      ...findings,
      claims: [
        {
          id: "E2.1",
          claim:
            "cost learning wins where the cost is simple and preferences cover little (discussion of theorems 1 to 3)",
          published: "stated, not run",
          measured: `strong user: cost ${figure(mean("cost", "strong"))}, sft ${figure(mean("sft", "strong"))}, dpo ${figure(mean("dpo", "strong"))}, early ${figure(mean("early", "strong"))}`,
          verdict:
            mean("cost", "strong") <
            Math.min(mean("sft", "strong"), mean("dpo", "strong"), mean("early", "strong"))
              ? "reproduced"
              : "not",
          seeds,
        },
        {
          id: "E2.2",
          claim: "the late ensemble stays near the best here, too",
          published: "a guarantee, no figure",
          measured: `Max SubOpt ${figure(worst.late.mean)}, next ${figure(Math.min(worst.sft.mean, worst.dpo.mean, worst.cost.mean, worst.early.mean))}`,
          verdict:
            worst.late.mean < Math.min(worst.sft.mean, worst.dpo.mean, worst.cost.mean, worst.early.mean)
              ? "reproduced"
              : "not",
          seeds,
        },
      ],
      notes: [
        "As E1 with a length from 0 to 9: 320 responses, of which the drafting policy nearly always gives lengths 0 to 3.",
      ],
    };
  },
};

/** Edit costs of all policies, learned from one user's log and rolled out on fresh contexts. */
export const rollout: Oracle<
  { readonly seed: number; readonly user: StyleUser },
  Record<StylePolicy, number>,
  StyleSettings
> = {
  name: "rollout",
  answer: ({ seed, user }, settings) => styleCosts(settings, user, createRng(seed)),
};

const figure = (value: number): string => value.toFixed(3);

function seedsOf({ quick, seed }: RowContext, full: number, few: number): readonly number[] {
  return Array.from({ length: quick ? few : full }, (_, i) => seed + i);
}

async function study(
  settings: StyleSettings,
  users: readonly StyleUser[],
  seeds: readonly number[],
  context: RowContext,
): Promise<{
  costs: Costs;
  mean(policy: StylePolicy, user: StyleUser): number;
  findings: Pick<Findings, "tables" | "plots">;
}> {
  const questions = seeds.flatMap((seed) => users.map((user) => ({ seed, user })));
  const answers = await answersOf(context, rollout, questions, settings);
  const rows = users.map((_, u) => answers.filter((_, i) => i % users.length === u));
  const costs = Object.fromEntries(
    STYLE_POLICIES.map((policy) => [policy, rows.map((bySeed) => bySeed.map((row) => row[policy]))]),
  ) as unknown as Costs;
  const mean = (policy: StylePolicy, user: StyleUser): number => {
    const list = costs[policy][users.indexOf(user)]!;
    return list.reduce((sum, cost) => sum + cost, 0) / list.length;
  };
  const worst = maxSubOpt(costs);
  return {
    costs,
    mean,
    findings: {
      tables: [
        {
          caption: `Mean edit cost, tested with the strong user; columns: who made the log; ${seeds.length} seed(s)`,
          columns: ["policy", ...users, "Max SubOpt"].map((label, i) =>
            i === 0 ? { label } : { label, decimals: 3 },
          ),
          rows: STYLE_POLICIES.map((policy) => [
            policy,
            ...users.map((user) => mean(policy, user)),
            worst[policy].mean,
          ]),
        },
      ],
      plots: [
        {
          title: "Max SubOpt by policy",
          svg: barPlot({
            title: "Max SubOpt by policy",
            label: "worst excess over the best policy",
            categories: STYLE_POLICIES,
            series: [{ name: "Max SubOpt", values: STYLE_POLICIES.map((policy) => worst[policy].mean) }],
          }),
        },
      ],
    },
  };
}
