/** The edit log of a running app: drafts and what users left of them, on the disk before they are acknowledged. */

import { createHash, randomUUID } from "node:crypto";
import { chmod, realpath } from "node:fs/promises";
import { resolve } from "node:path";
import { InvalidInput } from "../core/errors.ts";
import { lockFile, writeLinesAtomic } from "../core/node/index.ts";
import {
  APP_LOG_HEADER,
  type AppLogLine,
  AppLogReplay,
  type Context,
  type EditRecord,
  type FailedCall,
  parseAppLogLine,
  type Redact,
  redactRecord,
} from "../edits/index.ts";
import { markStale } from "../edits/node/index.ts";
import { Journal, PRIVATE } from "./journal.ts";

/** A draft that a policy wrote; see `EditRecord` for the fields. */
export interface Generation {
  readonly context: Context;
  readonly draft: string;
  readonly policy?: string;
  readonly user?: string;
  /** Anything else to keep, as JSON: a run, an iteration, a finish reason. */
  readonly meta?: Readonly<Record<string, unknown>>;
}

/** A call that gave no draft. */
export type Failure = Omit<Generation, "context" | "draft">;

/** Where a draft's arm stands in its `meta`. */
export const LATE_ENSEMBLE = "lateEnsemble";

/** Entries of `meta` that fpx writes and reads again: no texts of people, so redaction leaves them as they are. */
const OWN_META = [LATE_ENSEMBLE, "traceparent", "finishReason", "responseId"];

const NO_TEXTS = { context: "", draft: "", edited: "" };

/** What a user made of a draft. */
export interface DraftEdit {
  /** The text the user left. */
  readonly edited: string;
  /** Who edited; default who the draft was written for. */
  readonly user?: string;
  /** Added to the draft's own. */
  readonly meta?: Readonly<Record<string, unknown>>;
}

/** Options of `openEditLog`. */
export interface EditLogOptions {
  /**
   * Takes personal text out before anything is stored; of `meta` all texts but what fpx itself keeps there (where the late
   * ensemble sent the call, finish reason, response id, trace). Default: texts are stored as they are.
   */
  readonly redact?: Redact;
  /** Told when a person's records are gone, to drop whatever else was made from them. */
  readonly onForget?: (user: string, ids: readonly string[]) => void | Promise<void>;
  /** The clock, in milliseconds since 1970. Default `Date.now`. */
  readonly now?: () => number;
}

/**
 * Drafts and their edits in one file of JSON lines, which `fpx edits` and `fpx learn` read as it is. One opener writes a
 * file at a time: it is locked until the log is closed or its process ends. Several processes keep a file each.
 *
 * @example
 * const log = await openEditLog("edits.jsonl");
 * const id = await log.generation({ context: "Ask Ann for the report.", draft: "Dear Ann, ..." });
 * await log.edited(id, "Hi Ann, ...");
 */
export class DurableEditLog {
  readonly #path: string;
  readonly #options: EditLogOptions;
  readonly #replay = new AppLogReplay();
  readonly #listeners = new Set<(record: EditRecord) => void>();
  readonly #notes = new Set<() => Readonly<Record<string, unknown>>>();
  readonly #unlock: () => Promise<void>;
  #journal: Journal;
  #closed = false;
  #exclusive: Promise<unknown> = Promise.resolve();

  private constructor(
    path: string,
    { journal, lines }: Opened,
    unlock: () => Promise<void>,
    options: EditLogOptions,
  ) {
    this.#path = path;
    this.#journal = journal;
    this.#unlock = unlock;
    this.#options = options;
    for (const [index, text] of lines.entries()) this.#replay.add(readLine(text, `${path}:${index + 1}`));
  }

  /** Opens or creates the log; use `openEditLog`. */
  static async open(given: string, options: EditLogOptions): Promise<DurableEditLog> {
    // One name for one file, whatever links lead to it and wherever the process goes.
    const path = await realpath(given).catch(() => resolve(given));
    const unlock = await lockFile(path);
    let opened: Opened | undefined;
    try {
      opened = await Journal.open(path);
      const log = new DurableEditLog(path, opened, unlock, options);
      if (opened.lines.length === 0) await opened.journal.append(APP_LOG_HEADER);
      return log;
    } catch (error) {
      await opened?.journal.close();
      await unlock();
      throw error;
    }
  }

  /** Stores a draft; its id resolves once the record is on the disk. Rejects with the system's error otherwise. */
  async generation(generation: Generation): Promise<string> {
    if (typeof generation.draft !== "string") throw new InvalidInput("a generation needs a draft, a text");
    const stamp = this.#stamp();
    const { context, draft, policy, user } = generation;
    const meta = Object.assign({}, generation.meta, ...[...this.#notes].map((note) => note()));
    const noted = Object.keys(meta).length === 0 ? undefined : meta;
    const { edited: _, ...stored } = this.#redacted({
      ...{ context, draft, edited: draft },
      ...defined({ policy, user, meta: noted }),
    });
    await this.#append({ type: "draft", ...stamp, ...stored });
    return stamp.id;
  }

  /** Stores that a policy was asked and failed to write; resolves when that is on the disk. */
  async failure({ policy, user, meta }: Failure): Promise<void> {
    const about = this.#redacted({ ...NO_TEXTS, ...defined({ policy, user, meta }) });
    const { context: _, draft: __, edited: ___, ...stored } = about;
    await this.#append({ type: "failure", ...this.#stamp(), ...stored });
  }

  /**
   * Closes a draft with what its user left, and gives the record; it is on the disk when this resolves. A second edit of
   * the same draft replaces the first. Throws `InvalidInput` with code `UNKNOWN_DRAFT` for an unknown id.
   */
  async edit(id: string, { edited, user, meta }: DraftEdit): Promise<EditRecord> {
    if (typeof edited !== "string") throw new InvalidInput(`the edited text of draft ${id} is not a text`);
    const draft = this.#known(id);
    const stored = this.#redacted({ ...NO_TEXTS, edited, ...defined({ user, meta }) });
    // A draft that was taken as it was stays so, whatever the redaction makes of it.
    const text = edited === draft.draft ? draft.draft : stored.edited;
    await this.#append({
      type: "edit",
      id,
      edited: text,
      ...defined({ user: stored.user, meta: stored.meta }),
    });
    const record = this.#known(id);
    for (const listener of this.#listeners) listener(record);
    return record;
  }

  /** Closes a draft with the text its user left; as `edit`. */
  edited(id: string, text: string): Promise<EditRecord> {
    return this.edit(id, { edited: text });
  }

  /** Closes a draft that was taken as it was. */
  accepted(id: string): Promise<EditRecord> {
    return this.edit(id, { edited: this.#known(id).draft });
  }

  /** Calls `listener` with every closed record, after it is on the disk; a fault in it reaches the caller of `edit`. Gives the way to end it. */
  onEdit(listener: (record: EditRecord) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Adds what `note` gives at that moment to the `meta` of every draft from now on, such as the trace it belongs to. */
  annotate(note: () => Readonly<Record<string, unknown>>): () => void {
    this.#notes.add(note);
    return () => this.#notes.delete(note);
  }

  /** The closed records, oldest draft first: what `learn` and the exports take. */
  records(): readonly EditRecord[] {
    return this.#replay.closed();
  }

  /** All drafts, oldest first; those that no edit has closed yet have the draft as edited text. */
  drafts(): readonly EditRecord[] {
    return [...this.#replay.records.values()];
  }

  /** All drafts, as `drafts` gives them, and the calls that gave none, oldest first. */
  calls(): readonly (EditRecord | FailedCall)[] {
    return this.#replay.calls();
  }

  /**
   * The form in which a name, such as that of a segment, may be stored where it is needed again: the name itself if the
   * redaction leaves it alone, else a digest of it. Equal names have equal forms.
   */
  pseudonym(name: string): string {
    const { redact } = this.#options;
    if (redact === undefined || redact(name, "meta") === name) return name;
    return `sha256:${createHash("sha256").update(name).digest("hex").slice(0, 32)}`;
  }

  /** Ids of drafts that no edit has closed yet. */
  pending(): readonly string[] {
    return [...this.#replay.open];
  }

  /**
   * Removes every record of a person, drafts written for them and drafts they edited, from the file and from memory, marks
   * the policies, snapshots and exports that were made from this log as stale (`markStale`), and tells `onForget`. Give the name as the app knows it; `redact` is
   * applied to it. Gives the number of records removed.
   */
  async forgetUser(user: string): Promise<number> {
    const { redact, onForget } = this.#options;
    const stored = redact === undefined ? user : redact(user, "user");
    const ids = await this.#alone(async () => {
      if (this.#closed) throw new InvalidInput("the edit log is closed; open it again");
      // What another file holds in this one's place is not for this log to write over.
      await this.#journal.size();
      await this.#journal.close();
      const gone = this.#replay.idsOf(stored);
      try {
        if (gone.length > 0) {
          const removed = new Set(gone);
          // First, so that nothing made from these records can be left unmarked.
          await markStale(this.#path, { removed: removed.size });
          await writeLinesAtomic(this.#path, [APP_LOG_HEADER, ...this.#replay.lines(removed)]);
          await chmod(this.#path, PRIVATE);
          this.#replay.remove(removed);
        }
      } finally {
        this.#journal = (await Journal.open(this.#path)).journal;
      }
      return gone;
    });
    await onForget?.(user, ids);
    return ids.length;
  }

  /** Writes what waits, closes the file and gives it free for others; may be called twice. */
  close(): Promise<void> {
    return this.#alone(async () => {
      this.#closed = true;
      await this.#journal.close();
      await this.#unlock();
    });
  }

  #known(id: string): EditRecord {
    const record = this.#replay.records.get(id);
    if (record !== undefined) return record;
    throw new InvalidInput(`draft ${id} is not in this log; pass the id that the draft came with`, {
      code: "UNKNOWN_DRAFT",
    });
  }

  #stamp(): { readonly id: string; readonly ts: string } {
    const { now = Date.now } = this.#options;
    return { id: randomUUID(), ts: new Date(now()).toISOString() };
  }

  #redacted(record: EditRecord): EditRecord {
    const { redact } = this.#options;
    if (redact === undefined) return record;
    const { meta, ...rest } = redactRecord(record, redact);
    if (meta === undefined) return rest;
    const own = Object.entries(record.meta!).filter(([name]) => OWN_META.includes(name));
    return { ...rest, meta: { ...meta, ...Object.fromEntries(own) } };
  }

  async #append(line: AppLogLine): Promise<void> {
    await this.#exclusive;
    // The person may have been forgotten while this waited.
    if (line.type === "edit") this.#known(line.id);
    await this.#journal.append(JSON.stringify(line));
    this.#replay.add(line);
  }

  /** Runs `task` while no line is appended. */
  #alone<T>(task: () => Promise<T>): Promise<T> {
    const done = this.#exclusive.then(task);
    this.#exclusive = done.catch(() => {});
    return done;
  }
}

/** The entries that have a value. */
function defined<T extends object>(given: T): { [K in keyof T]?: Exclude<T[K], undefined> } {
  return Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined)) as never;
}

type Opened = Awaited<ReturnType<typeof Journal.open>>;

/**
 * Opens or creates an edit log. Throws the system's error where the file cannot be opened, and `InvalidInput` where it
 * is none of this format, or, with code `LOCKED`, where this or another process has it open.
 */
export function openEditLog(path: string, options: EditLogOptions = {}): Promise<DurableEditLog> {
  return DurableEditLog.open(path, options);
}

function readLine(text: string, where: string): AppLogLine {
  const line = parseAppLogLine(text);
  if (line !== undefined) return line;
  throw new InvalidInput(`${where} is no line of an app's edit log in format 1; give another path`);
}
