/** The edit log of a running app: drafts and what users left of them, on the disk before they are acknowledged. */

import { randomUUID } from "node:crypto";
import { InvalidInput } from "../core/errors.ts";
import { writeLinesAtomic } from "../core/node/index.ts";
import { type Context, type EditRecord, type Redact, redactRecord } from "../edits/index.ts";
import { Journal } from "./journal.ts";

/** A draft that a policy wrote; see `EditRecord` for the fields. */
export interface Generation {
  readonly context: Context;
  readonly draft: string;
  readonly policy?: string;
  readonly user?: string;
  /** Anything else to keep, as JSON: a run, an iteration, the ticket of a late ensemble. */
  readonly meta?: Readonly<Record<string, unknown>>;
}

/** Options of `openEditLog`. */
export interface EditLogOptions {
  /** Takes personal text out before anything is stored. Default: texts are stored as they are. */
  readonly redact?: Redact;
  /** Told when a person's records are gone, to drop caches and exports made from them. */
  readonly onForget?: (user: string, ids: readonly string[]) => void | Promise<void>;
  /** The clock, in milliseconds since 1970. Default `Date.now`. */
  readonly now?: () => number;
  /** Told of every closed record, after it is on the disk; a fault in it reaches the caller of `edit`. */
  readonly onEdit?: (record: EditRecord) => void;
}

type Line =
  | { readonly type: "log"; readonly format: 1 }
  | ({ readonly type: "draft"; readonly id: string; readonly ts: string } & Generation)
  | { readonly type: "edit"; readonly id: string; readonly edited: string };

/**
 * Drafts and their edits in one file of JSON lines. One process writes a file at a time.
 *
 * @example
 * const log = await openEditLog("edits.jsonl");
 * const id = await log.generation({ context: "Ask Ann for the report.", draft: "Dear Ann, ..." });
 * await log.edited(id, "Hi Ann, ...");
 */
export class DurableEditLog {
  readonly #path: string;
  readonly #options: EditLogOptions;
  readonly #records = new Map<string, EditRecord>();
  readonly #open = new Set<string>();
  #journal: Journal;
  #exclusive: Promise<unknown> = Promise.resolve();

  private constructor(path: string, journal: Journal, lines: readonly string[], options: EditLogOptions) {
    this.#path = path;
    this.#journal = journal;
    this.#options = options;
    for (const [index, text] of lines.entries()) this.#replay(parseLine(text, `${path}:${index + 1}`));
  }

  /** Opens or creates the log; use `openEditLog`. */
  static async open(path: string, options: EditLogOptions): Promise<DurableEditLog> {
    const { journal, lines } = await Journal.open(path);
    try {
      const log = new DurableEditLog(path, journal, lines, options);
      if (lines.length === 0) await journal.append(HEADER);
      return log;
    } catch (error) {
      await journal.close();
      throw error;
    }
  }

  /** Stores a draft; its id resolves once the record is on the disk. Rejects with the system's error otherwise. */
  async generation(generation: Generation): Promise<string> {
    if (typeof generation.draft !== "string") throw new InvalidInput("a generation needs a draft, a text");
    const id = randomUUID();
    const { now = Date.now, redact } = this.#options;
    const ts = new Date(now()).toISOString();
    const { context, draft, policy, user, meta } = generation;
    const whole = {
      context,
      draft,
      edited: draft,
      ...(policy === undefined ? {} : { policy }),
      ...(user === undefined ? {} : { user }),
      ...(meta === undefined ? {} : { meta }),
    };
    const { edited: _, ...stored } = redact === undefined ? whole : redactRecord(whole, redact);
    const line: Line = { type: "draft", id, ts, ...stored };
    await this.#append(line);
    return id;
  }

  /**
   * Closes a draft with the text its user left, and gives the record; it is on the disk when this resolves. A second
   * edit of the same draft replaces the first. Throws `InvalidInput` with code `UNKNOWN_DRAFT` for an unknown id.
   */
  async edited(id: string, text: string): Promise<EditRecord> {
    if (typeof text !== "string") throw new InvalidInput(`the edited text of draft ${id} is not a text`);
    if (!this.#records.has(id)) throw unknownDraft(id);
    const { redact } = this.#options;
    await this.#append({ type: "edit", id, edited: redact === undefined ? text : redact(text, "edited") });
    const record = this.#records.get(id);
    if (record === undefined) throw unknownDraft(id);
    this.#options.onEdit?.(record);
    return record;
  }

  /** Closes a draft that was taken as it was. */
  async accepted(id: string): Promise<EditRecord> {
    const record = this.#records.get(id);
    if (record === undefined) throw unknownDraft(id);
    await this.#append({ type: "edit", id, edited: record.draft });
    const closed = this.#records.get(id);
    if (closed === undefined) throw unknownDraft(id);
    this.#options.onEdit?.(closed);
    return closed;
  }

  /** The closed records, oldest draft first: what `learn` and the exports take. */
  records(): readonly EditRecord[] {
    return [...this.#records.values()].filter(({ id }) => !this.#open.has(id!));
  }

  /** Ids of drafts that no edit has closed yet. */
  pending(): readonly string[] {
    return [...this.#open];
  }

  /**
   * Removes every record of a person from the file and from memory, and tells `onForget`. Give the name as the app knows
   * it; `redact` is applied to it. Gives the number of records removed.
   */
  async forgetUser(user: string): Promise<number> {
    const stored = this.#options.redact === undefined ? user : this.#options.redact(user, "user");
    const ids = await this.#alone(async () => {
      await this.#journal.close();
      const gone = [...this.#records.values()].filter((record) => record.user === stored);
      try {
        const kept = [...this.#records.values()].filter((record) => record.user !== stored);
        await writeLinesAtomic(this.#path, [HEADER, ...kept.flatMap((record) => this.#lines(record))]);
        for (const { id } of gone) {
          this.#records.delete(id!);
          this.#open.delete(id!);
        }
      } finally {
        this.#journal = (await Journal.open(this.#path)).journal;
      }
      return gone.map(({ id }) => id!);
    });
    await this.#options.onForget?.(user, ids);
    return ids.length;
  }

  /** Writes what waits and closes the file. */
  close(): Promise<void> {
    return this.#alone(() => this.#journal.close());
  }

  async #append(line: Line): Promise<void> {
    await this.#exclusive;
    await this.#journal.append(JSON.stringify(line));
    this.#replay(line);
  }

  /** Runs `task` while no line is appended. */
  #alone<T>(task: () => Promise<T>): Promise<T> {
    const done = this.#exclusive.then(task);
    this.#exclusive = done.catch(() => {});
    return done;
  }

  #replay(line: Line): void {
    if (line.type === "draft") {
      const { type: _, ...record } = line;
      this.#records.set(line.id, { ...record, edited: line.draft });
      this.#open.add(line.id);
    } else if (line.type === "edit") {
      const record = this.#records.get(line.id);
      if (record === undefined) return;
      this.#records.set(line.id, { ...record, edited: line.edited });
      this.#open.delete(line.id);
    }
  }

  #lines({ edited, ...draft }: EditRecord): string[] {
    const first = JSON.stringify({ type: "draft", ...draft });
    return this.#open.has(draft.id!)
      ? [first]
      : [first, JSON.stringify({ type: "edit", id: draft.id, edited })];
  }
}

/**
 * Opens or creates an edit log. Throws the system's error where the file cannot be opened, and `InvalidInput` where it
 * is none of this format.
 */
export function openEditLog(path: string, options: EditLogOptions = {}): Promise<DurableEditLog> {
  return DurableEditLog.open(path, options);
}

const HEADER = JSON.stringify({ type: "log", format: 1 } satisfies Line);

function parseLine(text: string, where: string): Line {
  const wrong = `${where} is no line of an app's edit log in format 1; give another path`;
  let line: Line;
  try {
    line = JSON.parse(text) as Line;
  } catch (cause) {
    throw new InvalidInput(wrong, { cause });
  }
  const known =
    (line?.type === "log" && line.format === 1) ||
    (line?.type === "draft" && typeof line.id === "string" && typeof line.draft === "string") ||
    (line?.type === "edit" && typeof line.id === "string" && typeof line.edited === "string");
  if (!known) throw new InvalidInput(wrong);
  return line;
}

const unknownDraft = (id: string): InvalidInput =>
  new InvalidInput(`draft ${id} is not in this log; pass the id that generation() gave`, {
    code: "UNKNOWN_DRAFT",
  });
