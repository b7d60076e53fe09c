/** Edits as evaluation events of OpenTelemetry, tied to the trace that the draft was written in. */

import { type CostOptions, costDefinition, type EditRecord, editCost, isEdited } from "../edits/index.ts";
import type { DurableEditLog } from "./edit-log.ts";

/** Options of `traceEdits`. */
export interface TraceOptions {
  /** The cost of an edit. Default words over the draft's words. */
  readonly cost?: CostOptions;
}

/** The part of a trace parent that a draft keeps. */
const PARENT = /^00-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})$/;

/**
 * When `@opentelemetry/api` is installed, keeps with every draft the span that it was written in, and emits for every edit
 * a span `user_edit` below it with an event `gen_ai.evaluation.result`: name `user_edit.distance`, the edit cost as score,
 * `edited` or `accepted` as label. No text leaves. Gives whether the API is there.
 *
 * @example await traceEdits(log);
 */
export async function traceEdits(log: DurableEditLog, { cost = {} }: TraceOptions = {}): Promise<boolean> {
  const api = await loadApi();
  if (api === undefined) return false;
  log.annotate(() => {
    const span = api.trace.getActiveSpan()?.spanContext();
    if (span === undefined || !api.isSpanContextValid(span)) return {};
    const flags = span.traceFlags.toString(16).padStart(2, "0");
    return { traceparent: `00-${span.traceId}-${span.spanId}-${flags}` };
  });
  log.onEdit((record) => {
    const [, traceId, spanId, flags] = PARENT.exec(String(record.meta?.["traceparent"])) ?? [];
    const parent =
      traceId === undefined || spanId === undefined
        ? api.context.active()
        : api.trace.setSpanContext(api.ROOT_CONTEXT, {
            traceId,
            spanId,
            traceFlags: Number.parseInt(flags!, 16),
            isRemote: true,
          });
    const span = api.trace.getTracer("fpx").startSpan("user_edit", {}, parent);
    span.addEvent("gen_ai.evaluation.result", attributesOf(record, cost));
    span.end();
  });
  return true;
}

function attributesOf(record: EditRecord, cost: CostOptions): Record<string, string | number> {
  const { responseId } = record.meta ?? {};
  return {
    "gen_ai.evaluation.name": "user_edit.distance",
    "gen_ai.evaluation.score.value":
      record.draft.trim() === "" ? 1 : editCost(record.draft, record.edited, cost),
    "gen_ai.evaluation.score.label": isEdited(record) ? "edited" : "accepted",
    "gen_ai.evaluation.explanation": costDefinition(cost),
    ...(typeof responseId === "string" ? { "gen_ai.response.id": responseId } : {}),
  };
}

async function loadApi(): Promise<typeof import("@opentelemetry/api") | undefined> {
  try {
    return await import("@opentelemetry/api");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ERR_MODULE_NOT_FOUND") return undefined;
    throw error;
  }
}
