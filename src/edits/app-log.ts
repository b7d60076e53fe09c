/** The file format of an app's edit log: a line when a draft is written, another when its user is done with it. */

import type { EditRecord } from "./record.ts";

/** One line of the file. */
export type AppLogLine =
  | { readonly type: "log"; readonly format: 1 }
  | ({ readonly type: "draft"; readonly id: string } & Omit<EditRecord, "edited" | "id">)
  | ({ readonly type: "edit"; readonly id: string } & Pick<EditRecord, "edited" | "user" | "meta">);

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
    (line?.type === "edit" && typeof line.id === "string" && typeof line.edited === "string");
  return known ? line : undefined;
}

/** What the lines of a file add up to. */
export class AppLogReplay {
  /** By id, oldest first; an open draft has itself as edited text. */
  readonly records: Map<string, EditRecord> = new Map();
  /** Ids of the drafts that no edit has closed. */
  readonly open: Set<string> = new Set();

  add(line: AppLogLine): void {
    if (line.type === "draft") {
      const { type: _, ...record } = line;
      this.records.set(line.id, { ...record, edited: line.draft });
      this.open.add(line.id);
    } else if (line.type === "edit") {
      const record = this.records.get(line.id);
      if (record === undefined) return;
      const { edited, user, meta } = line;
      this.records.set(line.id, {
        ...record,
        edited,
        ...(user === undefined ? {} : { user }),
        ...(meta === undefined ? {} : { meta: { ...record.meta, ...meta } }),
      });
      this.open.delete(line.id);
    }
  }

  closed(): EditRecord[] {
    return [...this.records.values()].filter(({ id }) => !this.open.has(id!));
  }

  /** The lines, header aside, that say the same without some records. */
  lines(without: ReadonlySet<string>): string[] {
    return [...this.records.values()].flatMap(({ edited, ...draft }) => {
      const id = draft.id!;
      if (without.has(id)) return [];
      const first = JSON.stringify({ type: "draft", ...draft } satisfies object);
      return this.open.has(id) ? [first] : [first, JSON.stringify({ type: "edit", id, edited })];
    });
  }

  remove(ids: ReadonlySet<string>): void {
    for (const id of ids) {
      this.records.delete(id);
      this.open.delete(id);
    }
  }
}
