/** What `learn` does; it is loaded when first used, with the models and training of `lm`. */
import { fingerprint, InvalidInput } from "../../core/index.ts";
import {
  type Adapter,
  allTargets,
  createPolicy,
  initAdapter,
  type LanguageModel,
  type LoraConfig,
  type ModelPolicy,
  modelShapes,
  resolveLora,
} from "../../lm/index.ts";
import { createRng } from "../../random/index.ts";
import { type CopyBaseline, fitCopyBaseline } from "../baseline.ts";
import type { CostOptions } from "../cost.ts";
import { comparableRecord, type EditRecord } from "../record.ts";
import type { EditWorld } from "../worlds/world.ts";
import {
  draftAll,
  episodeCosts,
  type LikelihoodScores,
  scoreDistance,
  scoreEpisodes,
  scoreLikelihood,
} from "./evaluate.ts";
import { type Example, encodeLog } from "./examples.ts";
import type { FitOptions } from "./fit.ts";
import type { ForwardFitOptions } from "./fit-forward.ts";
import { type Learned, type LearnSettings, type PolicyScores, splitForLearning } from "./learn.ts";
import { methods as allMethods, type Method } from "./methods.ts";
import { withReference } from "./reference-log-probs.ts";
import { type Curve, fitStage, type LearnContext } from "./stage.ts";
import {
  likelihoodObjective,
  type Objective,
  type PreferencePair,
  preferenceObjective,
} from "./training-objectives.ts";
import { scoreWriter, usersOf, type WriterResult } from "./writers.ts";

/** The adapters' config where some of it is given. */
function loraConfig(base: LanguageModel, given: Partial<LoraConfig> = {}): LoraConfig {
  const { rank = 8 } = given;
  return { rank, alpha: 2 * rank, targets: allTargets(modelShapes(base.config)), ...given };
}

const passes: Readonly<Record<Method, number>> = { sft: 5, dpo: 10, early: 10 };
const FORWARD_PASSES = 20_000;
const FORWARD_LEARNING_RATE = 1e-3;
const learningRates: Readonly<Record<Method, number>> = { sft: 3e-3, dpo: 3e-4, early: 2e-3 };

/** Learns from a log by the settings; see `learn`. */
export async function learnAll(
  records: readonly EditRecord[],
  base: LanguageModel,
  world: EditWorld | undefined,
  options: LearnSettings,
  context: LearnContext,
): Promise<Learned> {
  const settings = { ...options, lora: loraConfig(base, options.lora) };
  const { seed, methods = allMethods, cost = { normalize: "edited" } } = settings;
  const { runtime, observer } = context;
  const { train, validation } = splitForLearning(records.map(comparableRecord), settings);

  const limit = base.config.maximumPositions;
  const training = encodeLog(base.tokenizer, train, limit);
  const held = encodeLog(base.tokenizer, validation, limit);
  const heldRecords = held.examples.map(({ record }) => record);
  const tooLong = training.tooLong.length + held.tooLong.length;
  if (tooLong > 0)
    observer.note(
      `${tooLong} edits are longer than the model's ${limit} tokens and are left out: use a model with a longer context`,
    );
  const unfit = [...training.unfit, ...held.unfit];
  if (unfit.length > 0)
    observer.note(
      `${unfit.length} edits do not fit the model's prompts and are left out, the first: ${unfit[0]!.reason}`,
    );
  if (held.examples.length === 0)
    throw new InvalidInput("no held-out edit fits the model: use a model with a longer context");
  const imitated = settings.includeAccepted
    ? training.examples
    : training.examples.filter(({ changed }) => changed);
  const changed = training.examples.filter((example) => example.changed);
  if (changed.length === 0)
    throw new InvalidInput(
      "no draft of the training side was edited: there is nothing to learn from this log",
    );

  const model = fingerprint({
    config: base.config,
    weights: base.weights,
    tokenizer: base.tokenizer.definition.json,
  });
  const pairs = methods.some((method) => method !== "sft")
    ? await withReference(changed, () => createPolicy(base, runtime), model, context)
    : [];

  const adapters: Partial<Record<Method, Adapter>> = {};
  const curves: Partial<Record<Method, Curve>> = {};
  const identity = fingerprint({
    train: train.map(({ context, draft, edited }) => ({ context, draft, edited })),
    model,
    includeAccepted: settings.includeAccepted,
  });
  for (const method of methods) {
    const trained = await trainAdapter(
      method,
      method,
      { imitated, pairs },
      base,
      identity,
      settings,
      context,
    );
    adapters[method] = trained.adapter;
    curves[method] = trained.curve;
  }

  const writers =
    settings.by === "user"
      ? await learnWriters({ imitated, pairs, heldRecords }, adapters, base, identity, settings, context)
      : [];
  const policy = await createPolicy(base, runtime, adapters as Record<string, Adapter>);
  try {
    const copy = fitCopyBaseline(train, { cost });
    const measured = await measure(
      policy,
      methods,
      heldRecords,
      world,
      copy,
      { seed, cost, episodes: settings.episodes },
      context,
    );
    return {
      adapters,
      curves,
      writers,
      ...measured,
      counts: {
        train: training.examples.length,
        heldOut: heldRecords.length,
        tooLong,
        pairs: changed.length,
      },
    };
  } finally {
    await policy.close();
  }
}

type Settings = LearnSettings & { readonly lora: LoraConfig };

/** What a policy is trained on. */
interface Material {
  readonly imitated: readonly Example[];
  readonly pairs: readonly PreferencePair[];
}

/** Trains an adapter under a stage's name, from fresh matrices or those of another adapter. */
async function trainAdapter(
  method: Method,
  stage: string,
  { imitated, pairs }: Material,
  base: LanguageModel,
  identity: string,
  settings: Settings,
  context: LearnContext,
  from?: Adapter,
): Promise<{ adapter: Adapter; curve: Curve }> {
  const { seed, epochs = passes[method], lora: config } = settings;
  const shapes = modelShapes(base.config);
  const lora = resolveLora(config, shapes);
  const { pad } = base.tokenizer;
  const data =
    method === "sft"
      ? onPlaces(
          likelihoodObjective(base.config, pad, lora),
          imitated.map(({ edited }) => edited),
        )
      : onPlaces(preferenceObjective(base.config, pad, method, settings, lora), pairs);
  const batchSize = Math.min(settings.batchSize, data.examples);
  const training: FitOptions | ForwardFitOptions =
    settings.optimizer === "zeroth-order"
      ? {
          forwardPasses: settings.forwardPasses ?? FORWARD_PASSES,
          batchSize,
          learningRate: settings.learningRate ?? FORWARD_LEARNING_RATE,
        }
      : {
          steps: Math.ceil((epochs * data.examples) / batchSize),
          batchSize,
          learningRate: settings.learningRate ?? learningRates[method],
          ...(settings.microBatchSize === undefined ? {} : { microBatchSize: settings.microBatchSize }),
          ...(settings.checkpointing === undefined ? {} : { checkpointing: settings.checkpointing }),
          // The preference loss begins with large gradients; a short memory of them lets later steps keep their size.
          adamw: { weightDecay: 0, maximumNorm: 1, beta2: 0.95 },
        };
  const { weights, curve } = await fitStage(
    stage,
    {
      ...data,
      frozen: base.weights,
      initial: from?.weights ?? initAdapter(lora, shapes, createRng(seed)),
      identity: {
        identity,
        method,
        stage,
        dpoBeta: settings.dpoBeta,
        sftWeight: settings.sftWeight,
        lora: config,
        ...(from === undefined ? {} : { from: fingerprint(from.weights) }),
      },
    },
    training,
    seed,
    context,
  );
  return { adapter: { config, weights }, curve };
}

/** An adapter for each user who has edits on both sides of the split, and for each method. */
async function learnWriters(
  { imitated, pairs, heldRecords }: Material & { readonly heldRecords: readonly EditRecord[] },
  adapters: Readonly<Partial<Record<Method, Adapter>>>,
  base: LanguageModel,
  identity: string,
  settings: Settings,
  context: LearnContext,
): Promise<WriterResult[]> {
  const { signal, observer, runtime } = context;
  const results: WriterResult[] = [];
  for (const [method, pooled] of Object.entries(adapters) as [Method, Adapter][]) {
    for (const [i, user] of usersOf(heldRecords).entries()) {
      const isOwn = ({ record }: Example) => record.user === user;
      const material = { imitated: imitated.filter(isOwn), pairs: pairs.filter(isOwn) };
      const train = (method === "sft" ? material.imitated : material.pairs).length;
      if (train === 0) {
        observer.note(`user ${user} has no training edits for ${method}: no adapter of their own`);
        continue;
      }
      const { adapter } = await trainAdapter(
        method,
        `${method}-user-${i + 1}`,
        material,
        base,
        identity,
        settings,
        context,
        pooled,
      );
      const held = heldRecords.filter((record) => record.user === user);
      const policy = await createPolicy(base, runtime, { pooled, own: adapter });
      try {
        const scores = await scoreWriter(policy, held, { signal });
        results.push({ adapter, scores: { user, method, train, heldOut: held.length, ...scores } });
      } finally {
        await policy.close();
      }
    }
  }
  return results;
}

/** An objective over a list of examples, addressed by place. */
const onPlaces = <E>({ feeds, weight, ...graph }: Objective<E>, examples: readonly E[]) => ({
  ...graph,
  examples: examples.length,
  feeds: (places: readonly number[]) => feeds(places.map((place) => examples[place]!)),
  weight: (places: readonly number[]) => weight(places.map((place) => examples[place]!)),
});

interface MeasureOptions {
  readonly seed: number;
  readonly cost: CostOptions;
  readonly episodes: number;
}

async function measure(
  policy: ModelPolicy,
  methods: readonly Method[],
  records: readonly EditRecord[],
  world: EditWorld | undefined,
  copy: CopyBaseline,
  { seed, cost, episodes }: MeasureOptions,
  { observer, signal }: LearnContext,
): Promise<Pick<Learned, "scores" | "recommended" | "samples" | "episodeCosts" | "episodes">> {
  const arms = [null, ...methods] as const;
  const contexts = records.map(({ context }) => context);
  const fresh = world === undefined ? [] : world.contexts("fresh", episodes, seed % 2 ** 32);
  const longest = Math.max(
    ...records.map(({ draft, edited }) => policy.model.tokenizer.encode(longer(draft, edited)).length),
  );
  const maxNewTokens = Math.ceil(1.5 * longest) + 8;

  observer.start("measure", { total: arms.length * (contexts.length + fresh.length), unit: "drafts" });
  let done = 0;
  const drafter = async (adapter: string | null, asked: readonly EditRecord["context"][]) => {
    const drafts = await draftAll(policy.withAdapter(adapter), asked, {
      maxNewTokens,
      signal,
      onDone: (count) => observer.update(done + count),
    });
    done += asked.length;
    return drafts;
  };

  const heldOut: Record<string, string[]> = {};
  const freshDrafts: Record<string, string[]> = {};
  const likelihood: Record<string, LikelihoodScores> = {};
  for (const adapter of arms) {
    const name = adapter ?? "base";
    likelihood[name] = await scoreLikelihood(policy.withAdapter(adapter), records, { signal });
    heldOut[name] = await drafter(adapter, contexts);
    if (world) freshDrafts[name] = await drafter(adapter, fresh);
  }
  heldOut["copy"] = heldOut["base"]!.map((draft, i) => copy.apply(draft, contexts[i]!));
  if (world) {
    freshDrafts["copy"] = freshDrafts["base"]!.map((draft, i) => copy.apply(draft, fresh[i]!));
    freshDrafts["informed"] = fresh.map((context) => world.ideal(context));
  }

  const costs = Object.fromEntries(
    Object.entries(freshDrafts).map(([name, drafts]) => [name, episodeCosts(world!, fresh, drafts)]),
  );
  const names = [...new Set([...Object.keys(heldOut), ...Object.keys(freshDrafts)])];
  const scores = names.map(
    (name): PolicyScores => ({
      policy: name,
      ...(likelihood[name] ? { likelihood: likelihood[name] } : {}),
      ...(heldOut[name] ? { distance: scoreDistance(records, heldOut[name], cost) } : {}),
      ...(costs[name] ? { episodes: scoreEpisodes(costs[name], costs["base"]!, costs["informed"]!) } : {}),
    }),
  );
  const distanceOf = (method: Method) =>
    scores.find(({ policy: name }) => name === method)!.distance!.distance.mean;
  return {
    scores,
    recommended: [...methods].sort((a, b) => distanceOf(a) - distanceOf(b))[0]!,
    samples: records.slice(0, 10).map((record, i) => ({
      context: record.context,
      edited: record.edited,
      drafts: Object.fromEntries(["base", ...methods].map((name) => [name, heldOut[name]![i]!])),
    })),
    episodeCosts: costs,
    episodes: { contexts: fresh, drafts: freshDrafts },
  };
}

const longer = (a: string, b: string): string => (a.length > b.length ? a : b);
