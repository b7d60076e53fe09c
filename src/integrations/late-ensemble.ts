/** Several models of the AI SDK as one, which sends each call to one of them and learns from what users edit. */

import { InvalidInput } from "../core/errors.ts";
import {
  type CostOptions,
  type EditRecord,
  editCost,
  type FailedCall,
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
  toolCalls,
  userOf,
  withId,
} from "./ai-sdk.ts";
import { type DurableEditLog, LATE_ENSEMBLE } from "./edit-log.ts";
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

/** Where a call was sent: the entry `lateEnsemble` of its draft's `meta`. */
interface Route {
  readonly name: string;
  readonly arm: string;
  /** In the form in which the log may keep it. */
  readonly segment: string;
  readonly probability: number;
}

/** A draft of the ensemble's, and what its edit cost if it had one. */
interface Routed extends Pick<Selection<unknown>, "arm" | "ticket" | "probability"> {
  readonly cost?: number;
}

/** So many calls of tools are remembered; older ones were left. */
const OPEN_LOOPS = 1000;

/**
 * Models by name as one model that routes every call to one of them (`LateEnsemble`), records the draft under the arm's
 * name, and learns its cost when the log hears of the edit. A call's `providerOptions: { fpx: { user, segment } }` says
 * for whom it is and which bandit decides. What it has learned is in the log: opening the log again and making the
 * ensemble again restores it. Name the base model as an arm, too. It records by itself: put no `editLogMiddleware` on it.
 *
 * A model that fails costs what the worst draft costs; its error goes to the caller. A loop of tools stays with the model
 * that began it, and its last answer is the draft. A draft that is edited again costs what the last edit costs. A segment's
 * name that the log's redaction would change is kept as a digest (`DurableEditLog.pseudonym`), also in `ensemble`.
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
  const routed = new Map<string, Routed>();
  /** Where loops of tools were sent, by the calls that their next step answers. */
  const loops = new Map<string, Route>();

  // An empty draft has no tokens to divide by.
  const costOf = ({ draft, edited }: EditRecord): number =>
    draft.trim() === "" ? maximumCost : editCost(draft, edited, cost);
  const learn = (record: EditRecord): void => {
    const choice = routed.get(record.id!);
    if (choice === undefined) return;
    const told = costOf(record);
    if (choice.cost === undefined) ensemble.record(choice.ticket, told);
    else ensemble.revise(choice, choice.cost, told);
    routed.set(record.id!, { ...choice, cost: told });
  };
  const assumed = (route: Route): Selection<M> => {
    const { arm, probability } = route;
    return { arm, policy: arms[arm]!, ticket: ensemble.assume(arm, route), probability };
  };
  const open = new Set(log.pending());
  for (const call of log.calls()) {
    const route = routeOf(call, name);
    if (route === undefined || !Object.hasOwn(arms, route.arm)) continue;
    const { arm, ticket, probability } = assumed(route);
    if (!("draft" in call)) ensemble.record(ticket, maximumCost);
    else {
      routed.set(call.id!, { arm, ticket, probability });
      if (!open.has(call.id!)) learn(call);
    }
  }
  log.onEdit(learn);

  const choose = (params: ModelCall) => {
    const begun = answeredCalls(params).find((call) => loops.has(call));
    const given = params.providerOptions?.["fpx"]?.["segment"];
    const segment = typeof given === "string" ? log.pseudonym(given) : "";
    const chosen = begun === undefined ? ensemble.select({ segment }) : assumed(loops.get(begun)!);
    const { arm, probability } = chosen;
    const route: Route = { name, arm, segment, probability };
    const about = { policy: arm, ...userOf(params), meta: { [LATE_ENSEMBLE]: route } };
    return { chosen, route, about };
  };
  type Chosen = ReturnType<typeof choose>;
  const settle = async (
    params: ModelCall,
    answer: Pick<ModelAnswer, "content" | "finishReason">,
    { chosen, route, about }: Chosen,
  ): Promise<string | undefined> => {
    const id = await recorder.record(() => generationOf(params, answer, about));
    const { arm, ticket, probability } = chosen;
    if (id === undefined) ensemble.discard(ticket);
    else routed.set(id, { arm, ticket, probability });
    for (const call of toolCalls(answer.content)) loops.set(call, route);
    for (const call of loops.keys()) {
      if (loops.size <= OPEN_LOOPS) break;
      loops.delete(call);
    }
    return id;
  };
  const drop = ({ chosen, about }: Chosen, failed: boolean): void => {
    if (!failed) ensemble.discard(chosen.ticket);
    else {
      ensemble.record(chosen.ticket, maximumCost);
      recorder.failed(about);
    }
  };

  const model = {
    specificationVersion: first.specificationVersion,
    provider: "fpx",
    modelId: name,
    supportedUrls: {},
    ensemble,
    async doGenerate(params: ModelCall): Promise<ModelAnswer> {
      const choice = choose(params);
      let answer: ModelAnswer;
      try {
        answer = await choice.chosen.policy.doGenerate(params as never);
      } catch (error) {
        drop(choice, params.abortSignal?.aborted !== true);
        throw error;
      }
      return withId(answer, await settle(params, answer, choice));
    },
    async doStream(params: ModelCall): Promise<ModelStream> {
      const choice = choose(params);
      const failed = () => params.abortSignal?.aborted !== true;
      try {
        const answer = await choice.chosen.policy.doStream(params as never);
        const stream = recordedStream(answer.stream, {
          drop: (broke) => drop(choice, broke && failed()),
          finish: (whole) => settle(params, whole, choice),
        });
        return { ...answer, stream };
      } catch (error) {
        drop(choice, failed());
        throw error;
      }
    },
  };
  // Of the arms' own type: every member that a model has is here, and answers are theirs.
  return model as unknown as M & { readonly ensemble: LateEnsemble<M> };
}

/** The calls of tools that a step answers. */
function answeredCalls({ prompt }: ModelCall): readonly string[] {
  const last = prompt.at(-1);
  if (last?.role !== "tool" || !Array.isArray(last.content)) return [];
  return last.content.map(({ toolCallId }: { readonly toolCallId?: unknown }) => String(toolCallId));
}

/** Where a call was sent by the ensemble of this name. */
function routeOf({ meta }: FailedCall, name: string): Route | undefined {
  const route = meta?.[LATE_ENSEMBLE] as Partial<Route> | undefined;
  if (route?.name !== name || typeof route.arm !== "string") return undefined;
  return { name, arm: route.arm, segment: route.segment ?? "", probability: route.probability ?? 1 };
}
