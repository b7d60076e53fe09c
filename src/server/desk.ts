/** Drafts, their edits, and the bandits that learn from what the edits cost. */
import {
  type CostOptions,
  type EditCosts,
  editCosts,
  isEdited,
  LateEnsemble,
  type LateEnsembleOptions,
  type LateEnsembleState,
} from "../edits/index.ts";
import {
  addEdits,
  type BanditRecord,
  type ChoiceRecord,
  changeBandit,
  createBandit,
  findBandit,
  findChoices,
  type NewEdit,
  newId,
  openChoices,
  type Store,
  type StoredChoice,
} from "../store/index.ts";
import { CommitQueue } from "./commit-queue.ts";
import { Problem } from "./problem.ts";

/** Writes drafts for the server. */
export interface Drafter {
  /** Such as `model` or `adapter`. */
  readonly kind: string;
  draft(context: NewEdit["context"], signal: AbortSignal): Promise<string>;
}

/** An edit as the API takes it, its draft found. */
export interface SubmittedEdit {
  readonly id: string;
  readonly context: NewEdit["context"];
  readonly draft: string;
  readonly edited: string;
  readonly policy?: string | undefined;
  readonly user?: string | undefined;
  readonly ts?: string | undefined;
  readonly meta?: Readonly<Record<string, unknown>> | undefined;
  readonly choice?: string | undefined;
  readonly source: string;
}

type Task =
  | { readonly kind: "edit"; readonly edit: NewEdit; readonly choice?: string | undefined }
  | { readonly kind: "cost"; readonly choice: string; readonly cost: number }
  | { readonly kind: "choose"; readonly bandit: string; readonly segment: string };
/** Of a choice: itself. Of an edit or a cost: whether it was there before. */
type Outcome = { readonly choice: ChoiceRecord } | { readonly duplicate: boolean };

/** A choice without its cost is given up after so long, in milliseconds, so that a bandit's state stays small. */
const GIVEN_UP_AFTER = 72 * 3_600_000;
const GIVEN_UP_AT_ONCE = 200;

/** The part of the server that learns; everything it acknowledges is on the disk. */
export class Desk {
  readonly #store: Store;
  readonly #cost: CostOptions;
  readonly #queue: CommitQueue<Task, Outcome>;

  constructor(store: Store, cost: CostOptions = {}) {
    this.#store = store;
    this.#cost = cost;
    this.#queue = new CommitQueue((tasks) => this.#commit(tasks));
  }

  /** Keeps an edit, and tells the bandit of its choice what it cost. */
  async submit(submitted: SubmittedEdit): Promise<{ readonly edit: NewEdit; readonly duplicate: boolean }> {
    const { choice, ...rest } = submitted;
    const edit = { ...rest, created: Date.now(), ...measure(submitted, this.#cost) };
    if (choice !== undefined) await this.#require(choice);
    return { edit, duplicate: duplicate(await this.#queue.push({ kind: "edit", edit, choice })) };
  }

  /** Tells the cost of a choice whose text stays elsewhere; returns whether it was told before. */
  async feedback(choice: string, cost: number): Promise<boolean> {
    await this.#require(choice);
    return duplicate(await this.#queue.push({ kind: "cost", choice, cost }));
  }

  /** Lets a bandit choose an arm. With `arms`, makes the bandit when there is none of its name. */
  async choose(bandit: string, segment = "", arms?: readonly string[]): Promise<ChoiceRecord> {
    if ((await findBandit(this.#store, bandit)) === undefined) {
      if (arms === undefined)
        throw new Problem(404, "UNKNOWN_BANDIT", "there is no bandit of this name: give its arms to make it");
      await this.openBandit(bandit, arms);
    }
    const outcome = await this.#queue.push({ kind: "choose", bandit, segment });
    return (outcome as { readonly choice: ChoiceRecord }).choice;
  }

  /** A choice that gave no draft costs what the worst draft costs: else an arm that always fails would stay untried. */
  async fail(choice: string): Promise<void> {
    await this.#queue.push({ kind: "cost", choice, cost: Number.MAX_VALUE });
  }

  /** Makes a bandit unless it is there. Throws `InvalidInput` when it is there with other arms. */
  async openBandit(name: string, arms: readonly string[], options: LateEnsembleOptions = {}): Promise<void> {
    const state = new LateEnsemble(named(arms), options).toJSON();
    await createBandit(this.#store, { name, arms, options, state });
  }

  /** Resolves when everything that was taken is on the disk. */
  drained(): Promise<void> {
    return this.#queue.drained();
  }

  async #require(choice: string): Promise<void> {
    if ((await findChoices(this.#store, [choice])).length === 0)
      throw new Problem(
        404,
        "UNKNOWN_CHOICE",
        "there is no choice of this id: give what /api/choose-arm or /api/drafts returned",
      );
  }

  #commit(tasks: readonly Task[]): Promise<readonly Outcome[]> {
    return this.#store.transaction(async (store) => {
      const edits = tasks.flatMap((task) => (task.kind === "edit" ? [task.edit] : []));
      const added = await addEdits(store, edits);
      const seen = new Set<string>();
      const fresh = (id: string): boolean => added.has(id) && !seen.has(id) && seen.add(id).has(id);

      const outcomes: Outcome[] = [];
      const costs: { readonly choice: string; readonly cost: number }[] = [];
      const wanted: { readonly task: number; readonly bandit: string; readonly segment: string }[] = [];
      for (const [i, task] of tasks.entries()) {
        if (task.kind === "choose") {
          wanted.push({ task: i, ...task });
          continue;
        }
        const isNew = task.kind !== "edit" || fresh(task.edit.id);
        outcomes[i] = { duplicate: !isNew };
        if (isNew && task.choice !== undefined)
          costs.push({ choice: task.choice, cost: task.kind === "edit" ? task.edit.cost : task.cost });
      }
      const found = new Map(
        (await findChoices(store, [...new Set(costs.map(({ choice }) => choice))])).map((row) => [
          row.id,
          row,
        ]),
      );
      const names = new Set([
        ...[...found.values()].map(({ bandit }) => bandit),
        ...wanted.map(({ bandit }) => bandit),
      ]);
      const told = new Set<string>();
      for (const name of [...names].sort()) {
        const settled: { choice: StoredChoice; cost: number }[] = [];
        for (const { choice: id, cost } of costs) {
          const choice = found.get(id);
          if (choice?.bandit !== name || choice.settled !== null || told.has(id)) continue;
          told.add(id);
          settled.push({ choice, cost });
        }
        const own = wanted.filter(({ bandit }) => bandit === name);
        const made = await learn(
          store,
          name,
          settled,
          own.map(({ segment }) => segment),
        );
        for (const [k, { task }] of own.entries()) outcomes[task] = { choice: made[k]! };
      }
      for (const [i, task] of tasks.entries())
        if (task.kind === "cost" && !told.has(task.choice)) outcomes[i] = { duplicate: true };
      return outcomes;
    });
  }
}

/** Tells a bandit costs, lets it choose, and keeps what it became. */
async function learn(
  store: Store,
  name: string,
  costs: readonly { readonly choice: StoredChoice; readonly cost: number }[],
  segments: readonly string[],
): Promise<readonly ChoiceRecord[]> {
  const bandit = await findBandit(store, name);
  if (bandit === undefined) throw new Problem(404, "UNKNOWN_BANDIT", "there is no bandit of this name");
  const ensemble = ensembleOf(bandit);
  const limit = maximumCost(bandit);
  for (const { choice, cost } of costs) ensemble.record(choice.ticket, cost);
  const settled = costs.map(({ choice, cost }) => ({ choice, cost: Math.min(cost, limit) }));
  let dropped: readonly StoredChoice[] = [];
  if (segments.length > 0) {
    const settledIds = new Set(costs.map(({ choice }) => choice.id));
    const old = await openChoices(store, name, GIVEN_UP_AT_ONCE);
    dropped = old.filter(({ id, created }) => created < Date.now() - GIVEN_UP_AFTER && !settledIds.has(id));
  }
  for (const { ticket } of dropped) discard(ensemble, ticket);
  const made = segments.map((segment): ChoiceRecord => {
    const { arm, ticket } = ensemble.select({ segment });
    return { id: newId(), segment, arm, ticket };
  });
  await changeBandit(store, name, { state: ensemble.toJSON(), made, settled, dropped });
  return made;
}

/** Takes a choice back where the rule can; its segment and number are the two parts of the ticket. */
function discard(ensemble: LateEnsemble<string>, ticket: string): void {
  const [segment, inner] = JSON.parse(ticket) as [string, number];
  const selector = ensemble.selector(segment);
  if (selector !== undefined && "discard" in selector)
    (selector as unknown as { discard(t: number): void }).discard(inner);
}

function ensembleOf({ arms, options, state }: BanditRecord): LateEnsemble<string> {
  return LateEnsemble.fromJSON(state as LateEnsembleState, named(arms), options as LateEnsembleOptions);
}

/** The cost that larger ones count as. */
export function maximumCost({ options }: Pick<BanditRecord, "options">): number {
  const { maximumCost: given, costRange = 1 } = options as LateEnsembleOptions;
  return given ?? 2 * costRange;
}

const named = (arms: readonly string[]): Record<string, string> =>
  Object.fromEntries(arms.map((arm) => [arm, arm]));

const duplicate = (outcome: Outcome): boolean => "duplicate" in outcome && outcome.duplicate;

/** The numbers of an edit as the store keeps them. */
export function measure(
  edit: Pick<NewEdit, "draft" | "edited">,
  options: CostOptions = {},
): Pick<NewEdit, "definition" | "cost" | "changes" | "draftTokens" | "editedTokens" | "changed"> {
  const costs: EditCosts = editCosts([edit], options);
  return {
    definition: costs.definition,
    cost: costs.costs[0]!,
    changes: costs.changes[0]!,
    draftTokens: costs.draftTokens[0]!,
    editedTokens: costs.editedTokens[0]!,
    changed: isEdited(edit),
  };
}
