/** Several models of the AI SDK as one, which sends each call to one of them and learns from what users edit. */

import { InvalidInput } from "../core/errors.ts";
import {
  type CostOptions,
  type EditRecord,
  editCost,
  LateEnsemble,
  type LateEnsembleOptions,
  type Selection,
} from "../edits/index.ts";
import {
  generationOf,
  type ModelAnswer,
  type ModelCall,
  type ModelLike,
  type ModelStream,
  recordedStream,
  textPart,
  userOf,
  withId,
} from "./ai-sdk.ts";
import type { DurableEditLog } from "./edit-log.ts";
import { Recorder, type RecordingOptions } from "./recorder.ts";

/** A model of the AI SDK that can be asked. */
export interface LanguageModelLike extends ModelLike {
  readonly specificationVersion: string;
  readonly supportedUrls: unknown;
  doGenerate(options: never): PromiseLike<ModelAnswer>;
  doStream(options: never): PromiseLike<ModelStream>;
}

/** Options of `lateEnsemble`. */
export interface LateEnsembleModelOptions extends LateEnsembleOptions, RecordingOptions {
  /** Tells ensembles on one log apart. Default "late". */
  readonly name?: string;
  /** The cost of an edit. Default words over the draft's words. */
  readonly cost?: CostOptions;
}

/** Where a draft's arm stands in its `meta`. */
const META = "lateEnsemble";

interface Route {
  readonly name: string;
  readonly arm: string;
  readonly segment: string;
  readonly probability: number;
}

/**
 * Models by name as one model that routes every call to one of them (`LateEnsemble`), records the draft under the arm's
 * name, and learns its cost when the log hears of the edit. A call's `providerOptions: { fpx: { user, segment } }` says
 * for whom it is and which bandit decides. What it has learned is in the log: opening the log again and making the
 * ensemble again restores it. Name the base model as an arm, too. It records by itself: put no `editLogMiddleware` on it.
 *
 * A model that fails costs what the worst draft costs; its error goes to the caller.
 *
 * @throws InvalidInput without an arm, or for options out of range.
 * @example
 * const model = lateEnsemble({ base: provider("m"), tuned: provider("m-tuned") }, log);
 * const result = await generateText({ model, prompt });
 * await log.edited(generationId(result)!, "what the user left");
 */
export function lateEnsemble<M extends LanguageModelLike>(
  arms: Readonly<Record<string, M>>,
  log: DurableEditLog,
  options: LateEnsembleModelOptions = {},
): M & { readonly ensemble: LateEnsemble<M> } {
  const [first] = Object.values(arms);
  if (first === undefined) throw new InvalidInput("give at least one model by name");
  const odd = Object.entries(arms).find(([, arm]) => arm.specificationVersion !== first.specificationVersion);
  if (odd !== undefined)
    throw new InvalidInput(
      `model "${odd[0]}" has specification ${odd[1].specificationVersion}, the first has ${first.specificationVersion}; give models of one`,
    );
  const { name = "late", cost = {}, maximumCost = 2 * (options.costRange ?? 1) } = options;
  const ensemble = new LateEnsemble(arms, options);
  const recorder = new Recorder(log, options);
  /** Tickets of drafts whose edits are still to come, by draft. */
  const tickets = new Map<string, string>();

  const learn = (ticket: string, { draft, edited }: EditRecord): void =>
    // An empty draft has no tokens to divide by.
    ensemble.record(ticket, draft.trim() === "" ? maximumCost : editCost(draft, edited, cost));
  const open = new Set(log.pending());
  for (const record of log.drafts()) {
    const route = routeOf(record, name);
    if (route === undefined || !Object.hasOwn(arms, route.arm)) continue;
    const ticket = ensemble.assume(route.arm, route);
    if (open.has(record.id!)) tickets.set(record.id!, ticket);
    else learn(ticket, record);
  }
  log.onEdit((record) => {
    const ticket = tickets.get(record.id!);
    if (ticket === undefined) return;
    tickets.delete(record.id!);
    learn(ticket, record);
  });

  const choose = (params: ModelCall) => {
    const segment = params.providerOptions?.["fpx"]?.["segment"];
    const chosen = ensemble.select(typeof segment === "string" ? { segment } : {});
    const route: Route = {
      name,
      arm: chosen.arm,
      segment: typeof segment === "string" ? segment : "",
      probability: chosen.probability,
    };
    const about = { policy: chosen.arm, ...userOf(params), meta: { [META]: route } };
    return { chosen, about };
  };
  const settle = ({ ticket }: Selection<M>, id: string | undefined): string | undefined => {
    if (id === undefined) ensemble.discard(ticket);
    else tickets.set(id, ticket);
    return id;
  };
  const drop = ({ ticket }: Selection<M>, failed: boolean): void => {
    if (failed) ensemble.record(ticket, maximumCost);
    else ensemble.discard(ticket);
  };

  const model = {
    specificationVersion: first.specificationVersion,
    provider: "fpx",
    modelId: name,
    supportedUrls: {},
    ensemble,
    async doGenerate(params: ModelCall): Promise<ModelAnswer> {
      const { chosen, about } = choose(params);
      let answer: ModelAnswer;
      try {
        answer = await chosen.policy.doGenerate(params as never);
      } catch (error) {
        drop(chosen, params.abortSignal?.aborted !== true);
        throw error;
      }
      return withId(answer, settle(chosen, await recorder.record(() => generationOf(params, answer, about))));
    },
    async doStream(params: ModelCall): Promise<ModelStream> {
      const { chosen, about } = choose(params);
      const failed = () => params.abortSignal?.aborted !== true;
      try {
        const answer = await chosen.policy.doStream(params as never);
        const stream = recordedStream(answer.stream, {
          drop: (broke) => drop(chosen, broke && failed()),
          async finish(draft, finishReason) {
            const content = [textPart(draft)];
            return settle(
              chosen,
              await recorder.record(() => generationOf(params, { content, finishReason }, about)),
            );
          },
        });
        return { ...answer, stream };
      } catch (error) {
        drop(chosen, failed());
        throw error;
      }
    },
  };
  // Of the arms' own type: every member that a model has is here, and answers are theirs.
  return model as unknown as M & { readonly ensemble: LateEnsemble<M> };
}

/** Where a recorded draft was routed by the ensemble of this name. */
function routeOf({ meta }: EditRecord, name: string): Route | undefined {
  const route = meta?.[META] as Partial<Route> | undefined;
  if (route?.name !== name || typeof route.arm !== "string") return undefined;
  return { name, arm: route.arm, segment: route.segment ?? "", probability: route.probability ?? 1 };
}
