/** What products that watch language models keep of an edit: Langfuse corrections, LangSmith feedback, Braintrust's expected. */

import { readAnswer, readContext, ShapeError } from "../messages.ts";
import type { Context, EditRecord } from "../record.ts";
import { ANY_COUNT, type CarriedRecord, type EditFormat, RuleBroken } from "./format.ts";
import { tracedAnswer, tracedContext } from "./traces.ts";

type Fields = Readonly<Record<string, unknown>>;

/** An observation with its scores; the correction is the score of type CORRECTION. */
export const langfuse: EditFormat = {
  name: "langfuse",
  title: "Langfuse observations with corrected outputs",
  kind: "corrections",
  lines: ANY_COUNT,
  write: ({ id, context, draft, edited, policy, user, ts, meta }) => [
    {
      id,
      type: "GENERATION",
      timestamp: ts,
      userId: user,
      model: policy,
      input: context,
      output: draft,
      metadata: meta,
      scores: [{ name: "output", dataType: "CORRECTION", value: 0, stringValue: edited }],
    },
  ],
  read(line) {
    const scores = Array.isArray(line["scores"]) ? (line["scores"] as Fields[]) : [];
    const correction = scores.find((score) => score?.["dataType"] === "CORRECTION");
    if (correction === undefined)
      throw new RuleBroken("no-correction", "the observation has no corrected output");
    const { stringValue, value } = correction;
    return {
      ...named(line, { id: "id", policy: "model", user: "userId", ts: "timestamp" }),
      ...optional("context", contextOf(line["input"], "input")),
      draft: answerOf(line["output"], "output"),
      edited: answerOf(stringValue ?? value, "scores"),
      ...metaOf(line["metadata"]),
    };
  },
};

/** A feedback with its `correction`, and the run that it is of. */
export const langsmith: EditFormat = {
  name: "langsmith",
  title: "LangSmith feedback with corrections, and their runs",
  kind: "corrections",
  lines: ANY_COUNT,
  write: (record) => [
    {
      run_id: record.id,
      key: "user_edit",
      correction: { output: record.edited },
      created_at: record.ts,
      run: {
        id: record.id,
        inputs: typeof record.context === "string" ? { input: record.context } : { messages: record.context },
        outputs: { output: record.draft },
        extra: { metadata: metadataOf(record) },
      },
    },
  ],
  read(line) {
    const { correction, run } = line as { correction?: unknown; run?: Fields };
    if (correction === undefined || correction === null)
      throw new RuleBroken("no-correction", "the feedback has no correction");
    if (typeof run !== "object" || run === null)
      throw new RuleBroken(
        "bad-line",
        'the field "run" is missing: a feedback alone does not hold the draft; put its run beside it',
      );
    const extra = run["extra"] as Fields | undefined;
    return {
      ...named(line, { id: "run_id", ts: "created_at" }),
      ...optional("context", contextOf(run["inputs"], "run.inputs")),
      draft: answerOf(run["outputs"], "run.outputs"),
      edited: answerOf(correction, "correction"),
      ...fromMetadata(extra?.["metadata"]),
    };
  },
};

/** A logged row whose `expected` is what the user left. */
export const braintrust: EditFormat = {
  name: "braintrust",
  title: "Braintrust rows with expected",
  kind: "corrections",
  lines: ANY_COUNT,
  write: (record) => [
    {
      id: record.id,
      input: record.context,
      output: record.draft,
      expected: record.edited,
      created: record.ts,
      metadata: metadataOf(record),
    },
  ],
  read(line) {
    const { expected } = line;
    if (expected === undefined || expected === null)
      throw new RuleBroken("no-correction", 'the row has no "expected"');
    return {
      ...named(line, { id: "id", ts: "created" }),
      ...optional("context", contextOf(line["input"], "input")),
      draft: answerOf(line["output"], "output"),
      edited: answerOf(expected, "expected"),
      ...fromMetadata(line["metadata"]),
    };
  },
};

/** Policy and user among the rest, under the names that these products use. */
function metadataOf({ meta, policy, user }: EditRecord): Fields | undefined {
  if (meta === undefined && policy === undefined && user === undefined) return undefined;
  return { ...meta, ...optional("model", policy), ...optional("user", user) };
}

function fromMetadata(value: unknown): CarriedRecord {
  if (!isObject(value)) return {};
  const { model, user, ...meta } = value;
  return {
    ...(typeof model === "string" ? { policy: model } : {}),
    ...(typeof user === "string" ? { user } : {}),
    ...metaOf(meta),
  };
}

function metaOf(value: unknown): { meta?: Fields } {
  return isObject(value) && Object.keys(value).length > 0 ? { meta: value } : {};
}

/** The texts of a line that these fields hold. */
function named(line: Fields, fields: Readonly<Record<string, string>>): CarriedRecord {
  const found = Object.entries(fields).flatMap(([role, field]) =>
    typeof line[field] === "string" ? [[role, line[field]]] : [],
  );
  return Object.fromEntries(found) as CarriedRecord;
}

function contextOf(value: unknown, field: string): Context | undefined {
  if (value === undefined || value === null) return undefined;
  return shaped(field, () => readContext(tracedContext(value)));
}

function answerOf(value: unknown, field: string): string {
  return shaped(field, () => readAnswer(tracedAnswer(value)).text);
}

function shaped<T>(field: string, read: () => T): T {
  try {
    return read();
  } catch (error) {
    if (error instanceof ShapeError)
      throw new RuleBroken("bad-line", `the field "${field}" ${error.message}`);
    throw error;
  }
}

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null && !Array.isArray(value);

function optional<K extends string, V>(key: K, value: V | undefined): { [P in K]?: V } {
  return (value === undefined ? {} : { [key]: value }) as { [P in K]?: V };
}
