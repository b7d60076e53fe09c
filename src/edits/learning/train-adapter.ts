/** One adapter of a learning run: the method's objective on its edits, with the defaults of its training. */
import { fingerprint } from "../../core/index.ts";
import {
  type Adapter,
  createPolicy,
  initAdapter,
  type LanguageModel,
  type LoraConfig,
  modelShapes,
  resolveLora,
} from "../../lm/index.ts";
import { createRng } from "../../random/index.ts";
import type { EditRecord } from "../record.ts";
import type { Example } from "./examples.ts";
import type { FitOptions } from "./fit.ts";
import type { ForwardFitOptions } from "./fit-forward.ts";
import type { LearnSettings } from "./learn.ts";
import { type DirectionScope, type Method, trainingDefaults } from "./methods.ts";
import { type Curve, fitStage, type LearnContext } from "./stage.ts";
import {
  likelihoodObjective,
  type Objective,
  type PreferencePair,
  preferenceObjective,
} from "./training-objectives.ts";
import { scoreWriter, usersOf, type WriterResult } from "./writers.ts";

const FORWARD_PASSES = 20_000;
const forwardLearningRates: Readonly<Record<DirectionScope, number>> = { example: 2.8e-3, batch: 1e-3 };

/** Options with their defaults, and the whole config of adapters. */
export type AdapterSettings = LearnSettings & { readonly lora: LoraConfig };

/** What a policy is trained on. */
export interface Material {
  readonly imitated: readonly Example[];
  readonly pairs: readonly PreferencePair[];
}

/** Trains an adapter under a stage's name, from fresh matrices or those of another adapter. */
export async function trainAdapter(
  method: Method,
  stage: string,
  { imitated, pairs }: Material,
  base: LanguageModel,
  identity: string,
  settings: AdapterSettings,
  context: LearnContext,
  from?: Adapter,
): Promise<{ adapter: Adapter; curve: Curve }> {
  const { seed, epochs = trainingDefaults.epochs[method], lora: config } = settings;
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
  const scope = settings.directions ?? (data.rows === undefined ? "batch" : "example");
  const training: FitOptions | ForwardFitOptions =
    settings.optimizer === "zeroth-order"
      ? {
          forwardPasses: settings.forwardPasses ?? FORWARD_PASSES,
          batchSize,
          learningRate: settings.learningRate ?? forwardLearningRates[scope],
          scope,
        }
      : {
          steps: Math.ceil((epochs * data.examples) / batchSize),
          batchSize,
          learningRate: settings.learningRate ?? trainingDefaults.learningRate[method],
          ...(settings.microBatchSize === undefined ? {} : { microBatchSize: settings.microBatchSize }),
          ...(settings.checkpointing === undefined ? {} : { checkpointing: settings.checkpointing }),
          adamw: trainingDefaults.adamw,
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
export async function trainWriters(
  { imitated, pairs, heldRecords }: Material & { readonly heldRecords: readonly EditRecord[] },
  adapters: Readonly<Partial<Record<Method, Adapter>>>,
  base: LanguageModel,
  identity: string,
  settings: AdapterSettings,
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
function onPlaces<E>({ feeds, weight, rows, ...graph }: Objective<E>, examples: readonly E[]) {
  const at = (places: readonly number[]) => places.map((place) => examples[place]!);
  return {
    ...graph,
    examples: examples.length,
    feeds: (places: readonly number[]) => feeds(at(places)),
    weight: (places: readonly number[]) => weight(at(places)),
    ...(rows && {
      rows: (batchSize: number) => {
        const { losses, feeds } = rows(batchSize);
        return { losses, feeds: (places: readonly number[]) => feeds(at(places)) };
      },
    }),
  };
}
