/** What travels over HTTP: one set of schemas that checks requests and makes the OpenAPI document. */
import { z } from "zod";

/** The longest text of a request, in characters: a text of it is compared in a few milliseconds. */
const LONGEST_TEXT = 60_000;

const keepable = (text: string) => !text.includes("\0") && !/\p{Surrogate}/u.test(text);
const text = z.string().max(LONGEST_TEXT).refine(keepable, "must not hold NUL or half of a surrogate pair");
const written = text.refine((value) => value.trim() !== "", "must hold more than white space");
const name = z.string().min(1).max(200).refine(keepable, "must not hold NUL or half of a surrogate pair");
const message = z.strictObject({ role: name, content: text });
const context = z.union([written, z.array(message).min(1).max(200)]);
const count = z.number().int().nonnegative();

const flag = z.enum(["true", "false"]).transform((value) => value === "true");
const whole = (maximum: number) =>
  z
    .string()
    .regex(/^\d{1,9}$/)
    .transform(Number)
    .pipe(z.number().max(maximum));
/** A name, or the empty text for edits that name nobody. */
const scope = z
  .string()
  .max(200)
  .transform((value) => (value === "" ? null : value));

export const problem = z.object({
  type: z.string(),
  title: z.string(),
  status: z.number(),
  code: z.string(),
  fields: z.array(z.object({ field: z.string(), problem: z.string() })).optional(),
});

export const newDraft = z.strictObject({
  context,
  user: name.optional(),
  policy: name.optional().describe("write with this policy of the server"),
  bandit: name.optional().describe("let this bandit choose the policy"),
  segment: name.optional().describe("the bandit's segment, such as a team"),
  draft: written.optional().describe("a draft that your own program wrote"),
});
export const draft = z.object({
  id: z.string(),
  draft: z.string(),
  policy: z.string().nullable(),
  choice: z.string().nullable(),
});

export const newChoice = z.strictObject({
  bandit: name,
  segment: name.optional(),
  arms: z.array(name).min(1).max(100).optional().describe("makes the bandit when there is none of this name"),
});
export const choice = z.object({ choice: z.string(), arm: z.string() });

export const newEdit = z
  .strictObject({
    id: name
      .optional()
      .describe("sending an id again changes nothing, so a lost answer may be asked for again"),
    draftId: name.optional(),
    context: context.optional(),
    draft: written.optional(),
    edited: written,
    policy: name.optional(),
    user: name.optional(),
    choice: name.optional().describe("the choice of /api/choose-arm that the draft came from"),
    ts: name.optional(),
    meta: z.record(z.string().max(200), z.unknown()).optional(),
  })
  .refine(
    ({ draftId, context: given, draft: own }) =>
      (draftId === undefined) === (given !== undefined && own !== undefined),
    "give either draftId, or context and draft",
  );
export const acknowledged = z.object({
  id: z.string(),
  cost: z.number(),
  changes: count,
  changed: z.boolean(),
  definition: z.string(),
  duplicate: z.boolean().describe("an edit of this id was there before, and stays as it was"),
});

export const newFeedback = z.strictObject({ choice: name, cost: z.number().min(0).max(1000) });
export const settled = z.object({ choice: z.string(), duplicate: z.boolean() });

export const editQuery = z.strictObject({
  user: scope.optional(),
  policy: scope.optional(),
  changed: flag.optional(),
  search: z.string().max(500).optional(),
  bin: whole(100).optional(),
  order: z.enum(["newest", "costliest"]).optional(),
  limit: whole(200).optional(),
  after: z
    .string()
    .regex(/^[\d._e+-]{1,60}$/)
    .optional(),
});
const segment = z.object({ kind: z.enum(["equal", "insert", "delete"]), text: z.string() });
const edit = z.object({
  seq: count,
  id: z.string(),
  created: count,
  context: z.union([z.string(), z.array(z.object({ role: z.string(), content: z.string() }))]),
  draft: z.string(),
  edited: z.string(),
  policy: z.string().optional(),
  user: z.string().optional(),
  ts: z.string().optional(),
  meta: z.record(z.string(), z.unknown()).optional(),
  source: z.string(),
  definition: z.string(),
  cost: z.number(),
  changes: count,
  draftTokens: count,
  editedTokens: count,
  changed: z.boolean(),
});
export const listedEdit = edit.extend({
  diff: z.array(segment).nullable().describe("word by word; null where the texts are long and differ much"),
});
export const editList = z.object({
  edits: z.array(listedEdit),
  next: z.string().nullable(),
  count: count.describe(
    "edits that pass the filter, counted up to 10000 when it is more than a user and a policy",
  ),
});
export const scopeQuery = z.strictObject({ user: scope.optional(), policy: scope.optional() });
const totals = z.object({
  n: count,
  editedRate: z.number(),
  meanCost: z.number(),
  deviation: z.number(),
  meanDraftTokens: z.number(),
  meanEditedTokens: z.number(),
});
const group = totals.extend({ name: z.string().nullable() });
export const editStatistics = z.object({
  totals,
  histogram: z.object({ width: z.number(), counts: z.array(count) }),
  days: z.array(z.object({ day: z.number(), n: count, meanCost: z.number() })),
  users: z.array(group),
  policies: z.array(group),
});
export const advice = z.object({
  n: count.describe("the latest edits that the advice is from"),
  advice: z.array(z.object({ code: z.string(), message: z.string() })),
});

const run = z.object({
  id: z.string(),
  name: z.string(),
  command: z.string(),
  solver: z.string().nullable(),
  seed: z.string().nullable(),
  version: z.string().nullable(),
  status: z.string(),
  alive: z.boolean(),
  started: count,
  updated: count,
  ended: count.nullable(),
  steps: count,
  calls: count,
  seconds: z.number(),
  stopRequested: z.boolean(),
  resumable: z.boolean(),
  result: z.unknown(),
  error: z.string().nullable(),
});
export const oneRun = run;
export const runQuery = z.strictObject({
  limit: whole(500).optional(),
  before: z
    .string()
    .regex(/^\d{1,15}$/)
    .transform(Number)
    .optional(),
});
export const runList = z.object({ runs: z.array(run) });
export const pointQuery = z.strictObject({
  after: whole(999_999_999).optional(),
  limit: whole(10_000).optional(),
});
const point = z.object({
  step: z.number(),
  calls: z.number(),
  seconds: z.number(),
  metrics: z.record(z.string(), z.number().nullable()),
});
export const pointList = z.object({ points: z.array(point) });
export const done = z.object({ done: z.boolean() });

const arm = z.object({
  segment: z.string(),
  arm: z.string(),
  pulls: z.number(),
  n: count,
  meanCost: z.number(),
  deviation: z.number(),
});
export const banditList = z.object({
  bandits: z.array(
    z.object({ name: z.string(), arms: z.array(z.string()), maximumCost: z.number(), updated: count }),
  ),
});
export const segmentQuery = z.strictObject({ segment: z.string().max(200).optional() });
export const oneBandit = z.object({
  name: z.string(),
  maximumCost: z.number().describe("larger costs count as this"),
  arms: z.array(arm),
  history: z.array(
    z.object({
      n: count,
      at: count,
      arms: z.array(z.object({ arm: z.string(), n: count, cost: z.number() })),
    }),
  ),
});
export const policyList = z.object({
  policies: z.array(
    z.object({
      name: z.string(),
      kind: z.string(),
      created: count.nullable(),
      stale: z.boolean(),
      drafts: z.boolean().describe("whether this server writes with it"),
    }),
  ),
  bandit: z.string().nullable().describe("the bandit that chooses among those that write"),
});
export const certificateList = z.object({
  certificates: z.array(
    z.object({
      id: z.string(),
      name: z.string(),
      run: z.string().nullable(),
      verdict: z.enum(["certified", "violated", "unknown"]),
      created: count,
      rules: z.array(
        z.object({
          rule: z.string(),
          verdict: z.enum(["certified", "violated", "unknown"]),
          slack: z.number().optional(),
          counterexample: z.record(z.string(), z.unknown()).optional(),
        }),
      ),
    }),
  ),
});
export const me = z.object({ name: z.string(), scopes: z.array(z.string()), version: z.string() });
