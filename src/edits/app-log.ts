/** The file format of an app's edit log: a line when a draft is written, another when its user is done with it. */

import type { EditRecord } from "./record.ts";

/** One line of the file. */
export type AppLogLine =
  | { readonly type: "log"; readonly format: 1 }
  | ({ readonly type: "draft"; readonly id: string } & Omit<EditRecord, "edited" | "id">)
  | ({ readonly type: "edit"; readonly id: string } & Pick<EditRecord, "edited" | "user" | "meta">)
  | ({ readonly type: "failure"; readonly id: string } & FailedCall);

/** A call of a policy that gave no draft. */
export type FailedCall = Pick<EditRecord, "policy" | "user" | "ts" | "meta">;

/** The first line of the file. */
export const APP_LOG_HEADER: string = JSON.stringify({ type: "log", format: 1 } satisfies AppLogLine);

/** Reads a line; `undefined` when it is none of this format. */
export function parseAppLogLine(text: string): AppLogLine | undefined {
  let line: AppLogLine;
  try {
    line = JSON.parse(text) as AppLogLine;
  } catch {
    return undefined;
  }
  const known =
    (line?.type === "log" && line.format === 1) ||
    (line?.type === "draft" && typeof line.id === "string" && typeof line.draft === "string") ||
    (line?.type === "edit" && typeof line.id === "string" && typeof line.edited === "string") ||
    (line?.type === "failure" && typeof line.id === "string");
  return known ? line : undefined;
}

type DraftLine = AppLogLine & { readonly type: "draft" };
type EditLine = AppLogLine & { readonly type: "edit" };
type FailureLine = AppLogLine & { readonly type: "failure" };

/** The lines of one draft, or of a call that gave none. */
interface Entry {
  readonly first: DraftLine | FailureLine;
  /** The last edit; those before it are replaced. */
  readonly edit?: EditLine;
  /** Who made the replaced edits: their texts are in the file until it is written again. */
  readonly former: readonly string[];
}

/** What the lines of a file add up to. */
export class AppLogReplay {
  /** By id, oldest first; an open draft has itself as edited text. */
  readonly records: Map<string, EditRecord> = new Map();
  /** Ids of the drafts that no edit has closed. */
  readonly open: Set<string> = new Set();
  readonly #failures = new Map<string, FailedCall>();
  readonly #entries = new Map<string, Entry>();

  add(line: AppLogLine): void {
    if (line.type === "draft") {
      const { type: _, ...record } = line;
      this.records.set(line.id, { ...record, edited: line.draft });
      this.open.add(line.id);
      this.#entries.set(line.id, { first: line, former: [] });
    } else if (line.type === "failure") {
      const { type: _, id, ...failure } = line;
      this.#failures.set(id, failure);
      this.#entries.set(id, { first: line, former: [] });
    } else if (line.type === "edit") {
      const entry = this.#entries.get(line.id);
      if (entry?.first.type !== "draft") return;
      const { edited, user, meta } = line;
      const { type: _, ...draft } = entry.first;
      this.records.set(line.id, {
        ...draft,
        edited,
        ...(user === undefined ? {} : { user }),
        ...(meta === undefined ? {} : { meta: { ...draft.meta, ...meta } }),
      });
      this.open.delete(line.id);
      const replaced = entry.edit?.user;
      const former = replaced === undefined ? entry.former : [...entry.former, replaced];
      this.#entries.set(line.id, { first: entry.first, edit: line, former });
    }
  }

  /** Drafts and failures, oldest first. */
  calls(): (EditRecord | FailedCall)[] {
    return [...this.#entries.keys()].map((id) => this.records.get(id) ?? this.#failures.get(id)!);
  }

  closed(): EditRecord[] {
    return [...this.records.values()].filter(({ id }) => !this.open.has(id!));
  }

  /** Ids of the drafts that were written for a person or that they edited, and of the calls for them that gave none. */
  idsOf(user: string): string[] {
    return [...this.#entries.values()]
      .filter(
        ({ first, edit, former }) => first.user === user || edit?.user === user || former.includes(user),
      )
      .map(({ first }) => first.id);
  }

  /** The lines, header aside, that say the same without some records. */
  *lines(without: ReadonlySet<string>): Generator<string> {
    for (const [id, { first, edit }] of this.#entries) {
      if (without.has(id)) continue;
      yield JSON.stringify(first);
      if (edit !== undefined) yield JSON.stringify(edit);
    }
  }

  /** Takes records out, after the file was written again without them: by `lines`, replaced edits are gone, too. */
  remove(ids: ReadonlySet<string>): void {
    for (const id of ids) {
      this.records.delete(id);
      this.open.delete(id);
      this.#failures.delete(id);
      this.#entries.delete(id);
    }
    for (const [id, entry] of this.#entries)
      if (entry.former.length > 0) this.#entries.set(id, { ...entry, former: [] });
  }
}
