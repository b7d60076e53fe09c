/** Drafts, edits and what they add up to. */
import { diffWords, type EditRecord, editStats } from "../edits/index.ts";
import {
  addDraft,
  countEdits,
  editCostHistogram,
  editDays,
  editGroups,
  editTotals,
  findDraft,
  findEdit,
  listEdits,
  newId,
  type Store,
  type StoredEdit,
} from "../store/index.ts";
import type { Desk, Drafter } from "./desk.ts";
import { Problem } from "./problem.ts";
import type { AddRoute } from "./routes.ts";
import * as schemas from "./schemas.ts";

/** What the differences of one answer may take, in tokens times changes: some 50 ms in all. */
const DIFF_WORK = 4_000_000;
/** Advice leaves longer pairs of texts out. */
const ADVISED_TEXT = 4000;
/** The latest edits that advice is from: few enough to be looked through at once. */
const ADVICE_FROM = 500;

export function addEditRoutes(
  route: AddRoute,
  store: Store,
  desk: Desk,
  drafters: Readonly<Record<string, Drafter>>,
): void {
  route({
    method: "post",
    path: "/api/drafts",
    summary: "Write a draft, by a policy or the bandit's choice; or keep the draft of your own program",
    scope: "write:edits",
    body: schemas.newDraft,
    answer: schemas.draft,
    status: 201,
    async handle({ body, signal }) {
      const { context, user, segment, bandit } = body;
      const choice = bandit === undefined ? undefined : await desk.choose(bandit, segment);
      const policy = body.policy ?? choice?.arm;
      try {
        const draft = body.draft ?? (await drafterOf(drafters, policy).draft(context, signal));
        if (draft.trim() === "")
          throw new Problem(502, "EMPTY_DRAFT", "the policy wrote nothing: try another one");
        const id = newId();
        await addDraft(store, {
          id,
          created: Date.now(),
          context,
          draft,
          ...(policy === undefined ? {} : { policy }),
          ...(user === undefined ? {} : { user }),
          ...(choice === undefined ? {} : { choice: choice.id }),
        });
        return { id, draft, policy: policy ?? null, choice: choice?.id ?? null };
      } catch (error) {
        if (choice !== undefined && !signal.aborted) await desk.fail(choice.id);
        throw error;
      }
    },
  });

  route({
    method: "post",
    path: "/api/choose-arm",
    summary: "Let a bandit choose the arm to draft with; its cost comes with the edit or as feedback",
    scope: "write:edits",
    body: schemas.newChoice,
    answer: schemas.choice,
    status: 201,
    async handle({ body: { bandit, segment, arms } }) {
      const { id, arm } = await desk.choose(bandit, segment, arms);
      return { choice: id, arm };
    },
  });

  route({
    method: "post",
    path: "/api/edits",
    summary: "Keep what a user left of a draft; on the disk when answered",
    scope: "write:edits",
    body: schemas.newEdit,
    answer: schemas.acknowledged,
    status: 201,
    async handle({ body }) {
      const { draftId, id = newId(), ...given } = body;
      const draft = draftId === undefined ? undefined : await findDraft(store, draftId);
      if (draftId !== undefined && draft === undefined)
        throw new Problem(404, "UNKNOWN_DRAFT", "there is no draft of this id");
      const { edit, duplicate } = await desk.submit({
        ...given,
        id,
        context: draft?.context ?? given.context!,
        draft: draft?.draft ?? given.draft!,
        policy: draft?.policy ?? given.policy,
        user: given.user ?? draft?.user,
        choice: draft?.choice ?? given.choice,
        source: draft === undefined ? "api" : "desk",
      });
      const { cost, changes, changed, definition } = edit;
      return { id, cost, changes, changed, definition, duplicate };
    },
  });

  route({
    method: "post",
    path: "/api/feedback",
    summary: "Tell what a choice cost, where the texts stay with you",
    scope: "write:edits",
    body: schemas.newFeedback,
    answer: schemas.settled,
    async handle({ body: { choice, cost } }) {
      return { choice, duplicate: await desk.feedback(choice, cost) };
    },
  });

  route({
    method: "get",
    path: "/api/edits",
    summary: "Edits by filter, a page at a time",
    scope: "read",
    query: schemas.editQuery,
    answer: schemas.editList,
    async handle({ query }) {
      const { order: _, limit: __, after, ...filter } = query;
      const [{ edits, next }, count] = await Promise.all([
        listEdits(store, query),
        // Later pages know it already.
        after === undefined ? countEdits(store, filter) : 0,
      ]);
      return { edits: withDiffs(edits), next, count };
    },
  });

  route({
    method: "get",
    path: "/api/edits/:id",
    summary: "One edit with its difference",
    scope: "read",
    answer: schemas.listedEdit,
    async handle({ param }) {
      const edit = await findEdit(store, param);
      if (edit === undefined) throw new Problem(404, "UNKNOWN_EDIT", "there is no edit of this id");
      return withDiffs([edit])[0]!;
    },
  });

  route({
    method: "get",
    path: "/api/edit-stats",
    summary: "Sums over edits: costs, days, users, policies",
    scope: "read",
    query: schemas.scopeQuery,
    answer: schemas.editStatistics,
    async handle({ query }) {
      const [totals, histogram, days, users, policies] = await Promise.all([
        editTotals(store, query),
        editCostHistogram(store, query),
        editDays(store, query),
        editGroups(store, "user", { policy: query.policy, limit: 50 }),
        editGroups(store, "policy", { user: query.user, limit: 50 }),
      ]);
      return { totals, histogram, days: [...days], users: [...users], policies: [...policies] };
    },
  });

  let advised: {
    readonly seq: number;
    readonly n: number;
    readonly advice: readonly { code: string; message: string }[];
  } = { seq: 0, n: 0, advice: [] };
  route({
    method: "get",
    path: "/api/advice",
    summary: "What the latest edits advise before learning from them",
    scope: "read",
    answer: schemas.advice,
    async handle() {
      const { edits } = await listEdits(store, { limit: ADVICE_FROM });
      const seq = edits[0]?.seq ?? 0;
      if (seq !== advised.seq) {
        const records = edits.filter(({ draft, edited }) => draft.length + edited.length < ADVISED_TEXT);
        const advice = records.length === 0 ? [] : editStats(records as readonly EditRecord[]).advice;
        advised = { seq, n: records.length, advice: advice.map(({ code, message }) => ({ code, message })) };
      }
      return { n: advised.n, advice: [...advised.advice] };
    },
  });
}

function drafterOf(drafters: Readonly<Record<string, Drafter>>, policy: string | undefined): Drafter {
  const names = Object.keys(drafters);
  if (policy === undefined)
    throw new Problem(400, "NO_POLICY", "say who writes: a policy, a bandit, or your own draft");
  const found = Object.hasOwn(drafters, policy) ? drafters[policy] : undefined;
  if (found === undefined)
    throw new Problem(
      400,
      "UNKNOWN_POLICY",
      names.length === 0
        ? "this server writes no drafts: start it with --model, or send your own draft"
        : `this server does not write with that policy: use one of ${names.join(", ")}`,
    );
  return found;
}

const contextOf = ({ context }: StoredEdit) =>
  typeof context === "string" ? context : context.map(({ role, content }) => ({ role, content }));

/** Edits with their differences, as long as these take no time that others would feel. */
function withDiffs(edits: readonly StoredEdit[]) {
  let left = DIFF_WORK;
  return edits.map((edit) => {
    left -= edit.changes * (edit.draftTokens + edit.editedTokens);
    return { ...edit, context: contextOf(edit), diff: left < 0 ? null : diffWords(edit.draft, edit.edited) };
  });
}
