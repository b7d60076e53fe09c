/** What `learn` does; it is loaded when first used, with the models and training of `lm`. */
import { fingerprint, InvalidInput } from "../../core/index.ts";
import {
  type Adapter,
  allTargets,
  createPolicy,
  type LanguageModel,
  type LoraConfig,
  modelShapes,
} from "../../lm/index.ts";
import { fitCopyBaseline } from "../baseline.ts";
import { comparableRecord, type EditRecord } from "../record.ts";
import type { EditWorld } from "../worlds/world.ts";
import { encodeLog } from "./examples.ts";
import { type Learned, type LearnSettings, splitForLearning } from "./learn.ts";
import { measure } from "./measure.ts";
import { methods as allMethods, type Method, trainingDefaults } from "./methods.ts";
import { withReference } from "./reference-log-probs.ts";
import type { Curve, LearnContext } from "./stage.ts";
import { trainAdapter, trainWriters } from "./train-adapter.ts";

/** The adapters' config where some of it is given. */
function loraConfig(base: LanguageModel, given: Partial<LoraConfig> = {}): LoraConfig {
  const { rank = trainingDefaults.lora.rank } = given;
  return { rank, alpha: 2 * rank, targets: allTargets(modelShapes(base.config)), ...given };
}

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
      ? await trainWriters({ imitated, pairs, heldRecords }, adapters, base, identity, settings, context)
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
