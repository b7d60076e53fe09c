/** Reading an edit log: JSON lines in the shapes in which logs are kept, every rejected line accounted for. */

import { InvalidInput } from "../core/errors.ts";
import { APP_LOG_HEADER, AppLogReplay, parseAppLogLine } from "./app-log.ts";
import type { Normalize } from "./cost.ts";
import { DuplicateFinder } from "./duplicates.ts";
import { FIELD_ALIASES, type FieldMap, type FieldReader, type FieldRole, fieldReader } from "./fields.ts";
import { LineCutter, type RawLine } from "./lines.ts";
import { type Answer, readAnswer, readContext, readMessages, ShapeError, sameMessages } from "./messages.ts";
import { type ChatMessage, type Context, type EditRecord, hasLoneSurrogate } from "./record.ts";
import { truncation } from "./truncation.ts";

/** Options of the log readers. */
export interface ReadOptions {
  /** Which field is what, where the names do not say it: a field's name or a path such as `result.text`. */
  readonly map?: FieldMap;
  /** The divisor of the edit cost that will be used (default "draft"); with "draft" empty drafts are rejected. */
  readonly normalize?: Normalize;
  /** Whether a line must have a context (default true); without one the context is "". */
  readonly requireContext?: boolean;
  /** What to do with drafts that were cut off (see `truncation`): "keep" with a warning (default) or "reject". */
  readonly truncated?: "keep" | "reject";
}

/** Why a line was rejected. */
export type RejectCode =
  | "invalid-utf8"
  | "invalid-json"
  | "not-an-object"
  | "missing-context"
  | "missing-draft"
  | "missing-edited"
  | "bad-context"
  | "bad-draft"
  | "bad-edited"
  | "bad-field"
  | "empty-draft"
  | "empty-edited"
  | "lone-surrogate"
  | "truncated-draft";

/** A line that gave no record. */
export interface Reject {
  /** From 1. */
  readonly line: number;
  readonly code: RejectCode;
  readonly reason: string;
}

/** Something about lines that were kept. */
export interface LogWarning {
  readonly code: "duplicate" | "truncated-draft";
  readonly count: number;
  /** The first lines concerned, at most 20. */
  readonly lines: readonly number[];
  readonly message: string;
}

/** A log as read: every line is a record, a reject or blank. */
export interface EditLog {
  readonly records: readonly EditRecord[];
  /** The line of each record, from 1. */
  readonly lines: readonly number[];
  readonly rejects: readonly Reject[];
  readonly blankLines: number;
  readonly warnings: readonly LogWarning[];
  /** By role, the fields that were read. */
  readonly fields: Readonly<Partial<Record<FieldRole, readonly string[]>>>;
  /** Whether it is the log of a running app (`fpx/integrations`): drafts that no edit has closed yet are left out. */
  readonly live: boolean;
  /** Drafts of such a log that are left out. */
  readonly open: number;
}

/**
 * Reads a log of JSON lines: a whole text, or pieces of text or bytes as they come.
 *
 * Fields are recognised by name (`FIELD_ALIASES`), or as `options.map` says. A context is a text or a list of chat
 * messages; a `system` text beside it becomes its first message. The log of a running app (`openEditLog`), lines of `fpx edits export` and the preference
 * formats of TRL, OpenAI, Azure, Together, Fireworks and SageMaker are read as well. Texts are kept as they are.
 *
 * Throws `InvalidInput`: code `AMBIGUOUS_FIELDS` where two fields of a line could be the same thing, code
 * `NOT_UTF8` for UTF-16 files. Whatever else is wrong with a line is told in `rejects`.
 *
 * @example const { records, rejects } = await readEditLog(createReadStream("log.jsonl"));
 */
export async function readEditLog(
  source: string | AsyncIterable<string | Uint8Array> | Iterable<string | Uint8Array>,
  options: ReadOptions = {},
): Promise<EditLog> {
  if (typeof source === "string") return parseEditLog(source, options);
  const parser = new LogParser(options);
  const cutter = new LineCutter();
  for await (const piece of source) for (const line of cutter.push(piece)) parser.accept(line);
  for (const line of cutter.end()) parser.accept(line);
  return parser.finish();
}

/** Reads a log that is in memory; as `readEditLog`, without waiting. */
export function parseEditLog(text: string, options: ReadOptions = {}): EditLog {
  const parser = new LogParser(options);
  const cutter = new LineCutter();
  for (const line of [...cutter.push(text), ...cutter.end()]) parser.accept(line);
  return parser.finish();
}

/** The log itself if it has records. Throws `InvalidInput` with code `EMPTY_LOG` that says why there is none. */
export function requireRecords(log: EditLog, name: string): EditLog {
  if (log.records.length > 0) return log;
  const first = log.rejects[0];
  const opened = log.open === 1 ? "its one draft was not" : `none of its ${log.open} drafts was`;
  const why =
    first === undefined
      ? log.open > 0
        ? `${opened} closed by log.edited or log.accepted yet`
        : "it is empty"
      : `all ${log.rejects.length} lines were rejected, the first (line ${first.line}) because ${first.reason}`;
  throw new InvalidInput(`${name} holds no edit: ${why}`, { code: "EMPTY_LOG" });
}

const SHOWN_LINES = 20;

class Rejected extends Error {
  readonly code: RejectCode;

  constructor(code: RejectCode, reason: string) {
    super(reason);
    this.code = code;
  }
}

class LogParser {
  readonly #options: ReadOptions;
  readonly #fields: FieldReader;
  readonly #utf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
  readonly #duplicates = new DuplicateFinder();
  readonly #records: EditRecord[] = [];
  readonly #lines: number[] = [];
  readonly #rejects: Reject[] = [];
  readonly #repeated: number[] = [];
  readonly #truncated: number[] = [];
  #blankLines = 0;
  #line = 0;
  #live: AppLogReplay | undefined;
  readonly #draftLines = new Map<string, number>();

  constructor(options: ReadOptions) {
    this.#options = options;
    this.#fields = fieldReader(options.map);
  }

  accept(raw: RawLine): void {
    this.#line++;
    if (this.#line === 1) refuseUtf16(raw);
    try {
      const text = this.#textOf(raw);
      if (text.trim() === "") {
        this.#blankLines++;
        return;
      }
      if (this.#line === 1 && text === APP_LOG_HEADER) this.#live = new AppLogReplay();
      else if (this.#live !== undefined) this.#replay(text, this.#live);
      else this.#keep(this.#recordOf(parseObject(text)), this.#line);
    } catch (error) {
      this.#reject(error, this.#line);
    }
  }

  finish(): EditLog {
    for (const record of this.#live?.closed() ?? []) {
      const line = this.#draftLines.get(record.id!)!;
      try {
        this.#keep(record, line);
      } catch (error) {
        this.#reject(error, line);
      }
    }
    return {
      live: this.#live !== undefined,
      open: this.#live?.open.size ?? 0,
      records: this.#records,
      lines: this.#lines,
      rejects: this.#rejects,
      blankLines: this.#blankLines,
      warnings: [
        ...warning(
          "duplicate",
          this.#repeated,
          "lines that repeat the context, draft, edited text and user of an earlier line",
        ),
        ...warning("truncated-draft", this.#truncated, "drafts that seem to break off before their end"),
      ],
      fields: this.#fields.used,
    };
  }

  #replay(text: string, live: AppLogReplay): void {
    const line = parseAppLogLine(text);
    if (line === undefined) throw new Rejected("invalid-json", "the line is none of an app's edit log");
    if (line.type === "draft") this.#draftLines.set(line.id, this.#line);
    live.add(line);
  }

  #keep(record: EditRecord, line: number): void {
    if (record.edited.trim() === "") throw new Rejected("empty-edited", "the edited text is empty");
    if (record.draft.trim() === "" && (this.#options.normalize ?? "draft") === "draft") {
      throw new Rejected("empty-draft", "the draft is empty, and the edit cost is divided by its length");
    }
    const texts = [record.draft, record.edited, ...contextTexts(record.context)];
    if (texts.some(hasLoneSurrogate)) {
      throw new Rejected(
        "lone-surrogate",
        "a text holds half of a surrogate pair, which no UTF-8 file can keep",
      );
    }
    if (truncation(record) !== undefined) {
      if (this.#options.truncated === "reject") {
        throw new Rejected("truncated-draft", "the draft breaks off before its end");
      }
      this.#truncated.push(line);
    }
    if (this.#duplicates.add(record) !== undefined) this.#repeated.push(line);
    this.#records.push(record);
    this.#lines.push(line);
  }

  #reject(error: unknown, line: number): void {
    if (!(error instanceof Rejected)) throw error;
    this.#rejects.push({ line, code: error.code, reason: error.message });
  }

  #textOf(raw: RawLine): string {
    let text: string;
    try {
      text = typeof raw === "string" ? raw : this.#utf8.decode(raw);
    } catch {
      throw new Rejected("invalid-utf8", "the line is not valid UTF-8");
    }
    return this.#line === 1 && text.startsWith("\ufeff") ? text.slice(1) : text;
  }

  #recordOf(line: Readonly<Record<string, unknown>>): EditRecord {
    const { values, rest } = this.#fields.read(line, this.#line);
    const draft = this.#answer("draft", values.draft);
    const edited = this.#answer("edited", values.edited);
    const found = this.#context(values.context, draft, edited, rest);
    const written = draft ?? found.draft;
    if (written === undefined) throw this.#missing("draft");
    if (edited === undefined) throw this.#missing("edited");
    return {
      ...optional("id", readName("id", values.id)),
      context: found.context,
      draft: written.text,
      edited: edited.text,
      ...optional("policy", readName("policy", values.policy)),
      ...optional("user", readName("user", values.user)),
      ...optional("ts", readName("ts", values.ts)),
      ...optional("meta", metaOf(rest)),
    };
  }

  #answer(role: "draft" | "edited", value: unknown): Answer | undefined {
    return value === undefined ? undefined : shaped(role, () => readAnswer(value));
  }

  /** The context, from its own field or from conversations that hold it; and a draft that ends the conversation. */
  #context(
    value: unknown,
    draft: Answer | undefined,
    edited: Answer | undefined,
    rest: Record<string, unknown>,
  ): { context: Context; draft?: Answer } {
    const before = edited?.before ?? [];
    if (draft !== undefined && edited !== undefined && !sameMessages(draft.before, before)) {
      throw new Rejected(
        "bad-context",
        "the conversations before the draft and before the edited text differ",
      );
    }
    if (value !== undefined && before.length > 0) {
      throw new Rejected("bad-context", "the line has a context, and another one before the edited text");
    }
    const given =
      value !== undefined
        ? shaped("context", () => readContext(value))
        : before.length > 0
          ? before
          : undefined;
    if (typeof value === "object" && value !== null && !Array.isArray(value)) {
      for (const [key, kept] of Object.entries(value))
        if (key !== "messages" && !(key in rest)) rest[key] = kept;
    }
    if (given === undefined || given.length === 0) {
      if (!(this.#options.requireContext ?? true)) return { context: "" };
      throw given === undefined
        ? this.#missing("context")
        : new Rejected("missing-context", "the context is empty");
    }
    const context = withSystem(given, rest);
    const last = typeof context === "string" ? undefined : context.at(-1);
    if (draft !== undefined || last?.role !== "assistant") return { context };
    return { context: context.slice(0, -1) as ChatMessage[], draft: { text: last.content, before: [] } };
  }

  #missing(role: "context" | "draft" | "edited"): Rejected {
    const mapped = this.#options.map?.[role];
    const where =
      mapped !== undefined
        ? `no field "${mapped}"`
        : `none of the fields ${FIELD_ALIASES[role].slice(0, 5).join(", ")}, ...; name it with --map ${role}=FIELD`;
    const role_ = role === "edited" ? "edited text" : role;
    return new Rejected(`missing-${role}`, `the ${role_} is missing: ${where}`);
  }
}

function refuseUtf16(raw: RawLine): void {
  if (typeof raw === "string" || raw.length < 2) return;
  if ((raw[0] === 0xff && raw[1] === 0xfe) || (raw[0] === 0xfe && raw[1] === 0xff)) {
    throw new InvalidInput(
      "the log is UTF-16; convert it to UTF-8, for example with iconv -f UTF-16 -t UTF-8",
      {
        code: "NOT_UTF8",
      },
    );
  }
}

function parseObject(text: string): Readonly<Record<string, unknown>> {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    // The engine's message quotes the text.
    const at = /at position (\d+)/.exec((error as Error).message)?.[1];
    throw new Rejected(
      "invalid-json",
      `the line is not JSON${at === undefined ? "" : ` from character ${Number(at) + 1} on`}; a log holds one whole JSON object a line`,
    );
  }
  if (typeof value === "object" && value !== null && !Array.isArray(value))
    return value as Record<string, unknown>;
  throw new Rejected(
    "not-an-object",
    "the line is JSON but no object; a log holds one whole JSON object a line",
  );
}

function shaped<T>(role: "context" | "draft" | "edited", read: () => T): T {
  try {
    return read();
  } catch (error) {
    if (!(error instanceof ShapeError)) throw error;
    const name = role === "edited" ? "edited text" : role;
    throw new Rejected(`bad-${role}`, `the ${name} ${error.message}`);
  }
}

function readName(role: FieldRole, value: unknown): string | undefined {
  if (value === undefined || typeof value === "string") return value;
  if (typeof value === "number" || typeof value === "boolean") return String(value);
  throw new Rejected("bad-field", `the ${role} is neither a text nor a number`);
}

function withSystem(context: Context, rest: Record<string, unknown>): Context {
  const system = rest["system"];
  if (typeof system !== "string") return context;
  const messages = typeof context === "string" ? [{ role: "user", content: context }] : readMessages(context);
  if (messages.some((message) => message.role === "system")) return context;
  delete rest["system"];
  return [{ role: "system", content: system }, ...messages];
}

function metaOf(rest: Record<string, unknown>): Readonly<Record<string, unknown>> | undefined {
  const { meta } = rest;
  if (typeof meta === "object" && meta !== null && !Array.isArray(meta)) {
    delete rest["meta"];
    Object.assign(rest, { ...meta, ...rest });
  }
  return Object.keys(rest).length > 0 ? rest : undefined;
}

function contextTexts(context: Context): readonly string[] {
  return typeof context === "string" ? [context] : context.map((message) => message.content);
}

function optional<K extends string, V>(key: K, value: V | undefined): { [P in K]?: V } {
  return (value === undefined ? {} : { [key]: value }) as { [P in K]?: V };
}

function warning(code: LogWarning["code"], lines: readonly number[], message: string): LogWarning[] {
  if (lines.length === 0) return [];
  return [
    { code, count: lines.length, lines: lines.slice(0, SHOWN_LINES), message: `${message}: ${lines.length}` },
  ];
}
