/**
 * The protocol of PRELUDE with language models: e-mails and summaries, logs of a strong and a weak user, hidden wishes
 * for each source, 200 test episodes with the strong user and once more with a transfer user.
 */
import type { Oracle } from "fpx";
import {
  createMailWorld,
  createSummaryWorld,
  draftAll,
  type EditWorld,
  episodeCosts,
  LateEnsemble,
  type LearnObserver,
  learn,
  maxSubOpt,
  type StageStore,
  simulateLog,
  type UserKind,
} from "fpx/edits";
import { loadPolicy, onnxRuntimeNode, readModel } from "fpx/lm/node";
import { barPlot, linePlot } from "fpx/report";
import { answersOf, type Findings, type Row, type RowContext } from "../reproduction.ts";
import { METHODS, type Method, type PublishedTable, SETTINGS, TABLE_1, TABLE_2 } from "./published-tables.ts";

interface Task {
  readonly name: "summaries" | "e-mails";
  readonly model: string;
  createWorld(options: { readonly seed: number }): EditWorld;
}

/** In the order of the paper's columns. */
const TASKS: readonly Task[] = [
  { name: "summaries", model: "samples/summaries/model", createWorld: createSummaryWorld },
  { name: "e-mails", model: "samples/mail/model", createWorld: createMailWorld },
];
const USERS = ["strong", "weak"] as const satisfies readonly UserKind[];
/** Who tests, by table. */
const TESTERS = ["strong", "transfer"] as const satisfies readonly UserKind[];
const ARMS = ["SFT", "DPO", "Early"] as const satisfies readonly Method[];

interface Sizes {
  readonly edits: number;
  readonly episodes: number;
  readonly passes: { readonly epochs?: number };
}

/** Costs by method, then [setting][seed]. */
type Costs = Record<Method, number[][]>;

export const prelude: Row = {
  id: "E4",
  title: "Summaries and e-mails by small language models, logs of a strong and a weak user",
  async run(context: RowContext): Promise<Findings> {
    const { quick, seed } = context;
    const seeds = quick ? [seed] : [seed, seed + 1, seed + 2];
    // Without a number of passes each method takes its own default.
    const sizes: Sizes = quick
      ? { edits: 112, episodes: 40, passes: { epochs: 3 } }
      : { edits: 400, episodes: 200, passes: {} };
    const questions = seeds.flatMap((one) => TASKS.map(({ name }) => ({ task: name, seed: one })));
    const answers = await answersOf(context, deployments, questions, sizes);
    const tables = TESTERS.map(emptyCosts);
    const told = SETTINGS.map((): number[] => []);
    for (const [q, studies] of answers.entries())
      for (const [u, { heldOut, costs }] of studies.entries()) {
        const setting = USERS.length * (q % TASKS.length) + u;
        told[setting]!.push(mean(lateEpisodes(costs[0]!, heldOut)));
        for (const [table, byTester] of tables.entries()) {
          const arms = withLate(costs[table]!);
          for (const name of METHODS) byTester[name][setting]!.push(mean(arms[name]));
        }
      }
    return findingsOf(tables as [Costs, Costs], told, withLate(answers[0]![0]!.costs[0]!), seeds, sizes);
  },
};

type Arm = Exclude<Method, "Late">;
/** Costs of the episodes, in their order. */
type EpisodeCosts = Record<Arm, readonly number[]>;
type Curves = Record<Method, readonly number[]>;

const emptyCosts = (): Costs =>
  Object.fromEntries(METHODS.map((name) => [name, SETTINGS.map((): number[] => [])])) as Costs;

/** What the policies learned from one log cost. */
interface LogStudy {
  /** Distances on the log's held-out edits, which are known before deployment, by arm. */
  readonly heldOut: Readonly<Record<string, number>>;
  /** Of the episodes, by tester. */
  readonly costs: readonly EpisodeCosts[];
}

/** Fixed, since bits depend on it: a machine with more cores must not give others. */
const RUNTIME_THREADS = 2;

/** A task for one seed, by user who made the log. */
export const deployments: Oracle<
  { readonly task: Task["name"]; readonly seed: number },
  readonly LogStudy[],
  Sizes
> = {
  name: "deployments",
  async answer({ task, seed }, { edits, episodes, passes }, signal = new AbortController().signal) {
    const { model: folder, createWorld } = TASKS.find(({ name }) => name === task)!;
    const path = new URL(folder, import.meta.resolve("fpx/package.json")).pathname;
    const runtime = await onnxRuntimeNode({ threads: RUNTIME_THREADS });
    const model = await readModel(path);
    const world = createWorld({ seed });
    const contexts = world.contexts("log", edits);
    const policy = await loadPolicy(path, { runtime });
    const maxNewTokens = Math.ceil(model.config.maximumPositions / 2);
    const drafts = await draftAll(policy, contexts, { maxNewTokens, signal }).finally(() => policy.close());
    const studies: LogStudy[] = [];
    for (const user of USERS) {
      const log = simulateLog(world, contexts, drafts, { user, policy: folder });
      const context = { runtime, signal, observer: silent, store: forgetful };
      const { episodes: tested, scores } = await learn(
        log,
        model,
        world,
        { seed, episodes, ...passes },
        context,
      );
      const of = (name: string, tester: UserKind) =>
        episodeCosts(world, tested.contexts, tested.drafts[name]!, { user: tester });
      const heldOut = (name: string): number =>
        scores.find(({ policy }) => policy === name)!.distance!.distance.mean;
      studies.push({
        heldOut: Object.fromEntries(ARMS.map((arm) => [arm, heldOut(arm.toLowerCase())])),
        costs: TESTERS.map((tester) => ({
          Base: of("base", tester),
          SFT: of("sft", tester),
          DPO: of("dpo", tester),
          Early: of("early", tester),
        })),
      });
    }
    return studies;
  },
};

/** With the late ensemble on the same episodes. */
const withLate = (arms: EpisodeCosts): Curves => ({ ...arms, Late: lateEpisodes(arms) });

/** The costs of what the late ensemble chose. */
function lateEpisodes(costs: EpisodeCosts, expectedCosts: Readonly<Record<string, number>> = {}): number[] {
  const ensemble = new LateEnsemble(
    { SFT: costs.SFT, DPO: costs.DPO, Early: costs.Early },
    { expectedCosts },
  );
  return costs.Base.map((_, episode) => {
    const { policy, ticket } = ensemble.select();
    const cost = policy[episode]!;
    ensemble.record(ticket, cost);
    return cost;
  });
}

function findingsOf(
  [test, transfer]: readonly [Costs, Costs],
  told: readonly (readonly number[])[],
  curves: Curves,
  seeds: readonly number[],
  sizes: Sizes,
): Findings {
  const worst = maxSubOpt(test);
  const of = (name: Method, setting: number): number => mean(test[name][setting]!);
  const best = (setting: number): number => Math.min(...ARMS.map((name) => of(name, setting)));
  const single = Math.min(...ARMS.map((name) => worst[name].mean));
  const worstTransfer = maxSubOpt(transfer);
  const singleTransfer = Math.min(...ARMS.map((name) => worstTransfer[name].mean));
  // By a tenth at least, so that chance does not count.
  const lowered = SETTINGS.map((_, s) => best(s) < 0.9 * of("Base", s));
  const suffers = [0, 2].map((strong) => of("SFT", strong + 1) > of("SFT", strong));
  const within = (cost: number, s: number): boolean => cost <= 1.15 * best(s);
  const near = SETTINGS.map((_, s) => within(mean(told[s]!), s));
  const lowerForTransfer = METHODS.flatMap((name) =>
    SETTINGS.map((_, s) => mean(transfer[name][s]!) < of(name, s)),
  );
  const each = (value: (setting: number) => string): string =>
    SETTINGS.map((name, s) => `${name}: ${value(s)}`).join("; ");
  return {
    claims: [
      {
        id: "E4.1",
        claim: "training on edits lowers the cost, whoever made the log",
        published: each(
          (s) => `${TABLE_1.Base.costs[s]} to ${Math.min(...ARMS.map((name) => TABLE_1[name].costs[s]!))}`,
        ),
        measured: each((s) => `${figure(of("Base", s))} to ${figure(best(s))}`),
        verdict: verdictOf(lowered),
        seeds,
      },
      {
        id: "E4.2",
        claim: "imitation suffers from a weak user's log more than from a strong user's",
        published: "SFT .5377 to .9304 (summaries), .4159 to .4539 (e-mails)",
        measured: `SFT ${figure(of("SFT", 0))} to ${figure(of("SFT", 1))} (summaries), ${figure(of("SFT", 2))} to ${figure(of("SFT", 3))} (e-mails)`,
        verdict: verdictOf(suffers),
        seeds,
      },
      {
        id: "E4.3",
        claim: "the late ensemble has the smallest Max SubOpt over the four settings",
        published: "Late .1586, best single method (Early) .1612",
        measured: `Late ${figure(worst.Late.mean)}, best single method ${figure(single)}`,
        verdict: worst.Late.mean <= single ? "reproduced" : "not",
        seeds,
      },
      {
        id: "E4.4",
        claim:
          "the late ensemble, told what its arms cost on held-out edits, is within 15 % of the best single method of every setting",
        published: "no claim of the paper; its Late is 32, 23, 25 and 11 % above",
        measured: each(
          (s) => `${figure(mean(told[s]!))} (untold ${figure(of("Late", s))}) against ${figure(best(s))}`,
        ),
        verdict: verdictOf(near),
        seeds,
      },
      {
        id: "E4.5",
        claim:
          "with a transfer user costs are lower, and the late ensemble still has the smallest Max SubOpt",
        published: "Late .0862, best single method (Early) .0955; 19 of 20 costs lower",
        measured: `Late ${figure(worstTransfer.Late.mean)}, best single method ${figure(singleTransfer)}; ${lowerForTransfer.filter(Boolean).length} of ${lowerForTransfer.length} costs lower`,
        verdict: verdictOf([
          worstTransfer.Late.mean <= singleTransfer,
          lowerForTransfer.filter(Boolean).length >= 0.9 * lowerForTransfer.length,
        ]),
        seeds,
      },
    ],
    tables: [
      layout("Table 1: mean edit cost, tested with the strong user", test, TABLE_1, seeds, sizes),
      layout("Table 2: the same policies, tested with the transfer user", transfer, TABLE_2, seeds, sizes),
    ],
    plots: [
      bars("Mean edit cost by method, tested with the strong user", test),
      bars("Mean edit cost by method, tested with the transfer user", transfer),
      {
        title: "Summaries, strong log: running mean cost in deployment",
        svg: linePlot({
          title: "Summaries, strong log: running mean cost in deployment",
          x: { label: "episode" },
          y: { label: "mean cost so far" },
          series: (["SFT", "DPO", "Early", "Late"] as const).map((name) => ({
            name,
            ...runningMean(curves[name]),
          })),
        }),
      },
    ],
    notes: [
      "Models of under a million weights and users that make the smallest edit stand in for Llama-3.1-8B, Qwen3-32B and Llama-3.3-70B, which do not run here; compare orderings, not sizes.",
      "The transfer user has the wishes of the strong user and overlooks one in five; the published one is another model with the same wishes.",
      "Late draws from SFT, DPO and Early by the lower confidence bound with alpha = 0.2; its episodes are those of its arms. It tries each arm once, whatever that costs, unless it is told what the arm costs on the held-out edits of the log; that counts as one seen cost (E4.4).",
    ],
  };
}

function verdictOf(parts: readonly boolean[]): "reproduced" | "partly" | "not" {
  if (parts.every(Boolean)) return "reproduced";
  return parts.some(Boolean) ? "partly" : "not";
}

/** The paper's layout: a row a method, a column a setting, ours beside the published figure. */
function layout(
  title: string,
  costs: Costs,
  published: PublishedTable,
  seeds: readonly number[],
  { edits, episodes }: Sizes,
): Findings["tables"][number] {
  const worst = maxSubOpt(costs);
  const cell = (values: readonly number[]): string =>
    values.length < 2 ? figure(mean(values)) : `${figure(mean(values))} ± ${figure(deviation(values))}`;
  return {
    caption: `${title}; ${edits} logged edits, ${episodes} episodes, ${seeds.length} seed(s), ± one standard deviation; columns: who made the log`,
    columns: [
      { label: "method" },
      ...[...SETTINGS, "Max SubOpt"].flatMap((label) => [
        { label, numeric: true },
        { label: "published", decimals: 4 },
      ]),
    ],
    rows: METHODS.map((name) => [
      name,
      ...SETTINGS.flatMap((_, s) => [cell(costs[name][s]!), published[name].costs[s]!]),
      cell(worst[name].perSeed),
      published[name].printed,
    ]),
  };
}

function bars(title: string, costs: Costs): Findings["plots"][number] {
  return {
    title,
    svg: barPlot({
      title,
      label: "changed tokens over the draft's tokens",
      categories: METHODS,
      series: SETTINGS.map((name, s) => ({ name, values: METHODS.map((method) => mean(costs[method][s]!)) })),
    }),
  };
}

function runningMean(costs: readonly number[]): { x: number[]; y: number[] } {
  let sum = 0;
  return { x: costs.map((_, t) => t + 1), y: costs.map((cost, t) => (sum += cost) / (t + 1)) };
}

const mean = (values: readonly number[]): number =>
  values.reduce((sum, value) => sum + value, 0) / values.length;
const deviation = (values: readonly number[]): number => {
  const centre = mean(values);
  return Math.sqrt(
    values.reduce((sum, value) => sum + (value - centre) ** 2, 0) / Math.max(1, values.length - 1),
  );
};
const figure = (value: number): string => value.toFixed(3);

const silent: LearnObserver = { start: () => undefined, update: () => undefined, note: () => undefined };
/** Rows are short: a stopped one starts again. */
const forgetful: StageStore = { load: async () => undefined, save: async () => undefined };
