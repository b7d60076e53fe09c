/** Which records of a log to use: conditions on what a record says beside its texts. */

import { InvalidInput } from "../core/errors.ts";
import { type EditRecord, isEdited } from "./record.ts";
import { truncation } from "./truncation.ts";

const OPERATORS = [">=", "<=", "!=", "=", ">", "<"] as const;
const NAMED = ["id", "policy", "user", "ts"] as const;

/** One condition; see `parseWhere`. */
export interface Where {
  /** `id`, `policy`, `user`, `ts`, `edited` (whether the draft was changed), or a field of `meta`, dots going inside. */
  readonly field: string;
  readonly operator: (typeof OPERATORS)[number];
  readonly value: string;
}

/** What to leave out of a log. */
export interface SelectOptions {
  /** Keep only what meets all of these; a record that does not have the field meets none. */
  readonly where?: readonly Where[];
  /** Leave out drafts that were, or seem to be, cut off. */
  readonly dropTruncated?: boolean;
}

/** A part of a log. */
export interface SelectedRecords {
  readonly records: readonly EditRecord[];
  /** Their indices in the log. */
  readonly kept: readonly number[];
  /** How many were left out, by reason in words; each is counted under its first. */
  readonly left: readonly { readonly reason: string; readonly count: number }[];
}

/**
 * Reads conditions from the command line: FIELD, one of = != > >= < <=, VALUE, and commas between conditions.
 *
 * Throws `InvalidInput` for a part that is none.
 *
 * @example parseWhere("dwell>=2,policy=base"); // [{ field: "dwell", operator: ">=", value: "2" }, ...]
 */
export function parseWhere(text: string): Where[] {
  return text.split(",").map((part) => {
    const found = /^([^<>=!]+)(>=|<=|!=|=|>|<)([^<>=!]+)$/.exec(part);
    const [, field = "", operator, value = ""] = found ?? [];
    if (field.trim() === "" || value.trim() === "")
      throw new InvalidInput(
        `cannot read the condition "${part}"; write FIELD, one of ${OPERATORS.join(" ")}, and a value, as in dwell>=2 or policy=base`,
      );
    return { field: field.trim(), operator: operator as Where["operator"], value: value.trim() };
  });
}

/**
 * The records that are to be used, in the order of the log. Numbers compare as numbers, everything else as text, so that
 * `ts>=2026-01-31` works on ISO dates.
 *
 * Throws `InvalidInput` with code `UNKNOWN_FIELD` for a field that no record has, `NOT_COMPARABLE` where a number is
 * compared to what is none, and `NOTHING_LEFT` when no record remains.
 *
 * @example const { records } = selectRecords(log.records, { where: parseWhere("dwell>=2"), dropTruncated: true });
 */
export function selectRecords(records: readonly EditRecord[], options: SelectOptions): SelectedRecords {
  const { where = [], dropTruncated = false } = options;
  for (const { field } of where)
    if (records.every((record) => fieldOf(record, field) === undefined)) throw unknownField(records, field);
  const counts = new Map<string, number>();
  const kept: number[] = [];
  records.forEach((record, i) => {
    const reason = refusal(record, where, dropTruncated);
    if (reason === undefined) kept.push(i);
    else counts.set(reason, (counts.get(reason) ?? 0) + 1);
  });
  const left = Array.from(counts, ([reason, count]) => ({ reason, count }));
  if (kept.length === 0 && left.length > 0)
    throw new InvalidInput(
      `no record is left of ${records.length}: ${left.map(({ reason, count }) => `${count} ${reason}`).join(", ")}`,
      { code: "NOTHING_LEFT" },
    );
  return { records: kept.map((i) => records[i]!), kept, left };
}

/** Why a record is left out; undefined for one that stays. */
function refusal(record: EditRecord, where: readonly Where[], dropTruncated: boolean): string | undefined {
  for (const condition of where) {
    const value = fieldOf(record, condition.field);
    if (value === undefined) return `without ${condition.field}`;
    if (!meets(value, condition)) return `not of ${condition.field}${condition.operator}${condition.value}`;
  }
  return dropTruncated && truncation(record) !== undefined ? "with a draft that breaks off" : undefined;
}

type Value = string | number | boolean;

function meets(value: Value, { field, operator, value: wanted }: Where): boolean {
  const number = Number(wanted);
  const numeric = Number.isFinite(number);
  if (operator === "=" || operator === "!=") {
    const same = numeric && typeof value !== "boolean" ? Number(value) === number : String(value) === wanted;
    return same === (operator === "=");
  }
  if (numeric && (typeof value === "boolean" || String(value).trim() === "" || Number.isNaN(Number(value))))
    throw new InvalidInput(
      `the condition ${field}${operator}${wanted} compares numbers, but one ${field} of the log is ${JSON.stringify(value)}`,
      { code: "NOT_COMPARABLE" },
    );
  const [a, b]: [number, number] | [string, string] = numeric
    ? [Number(value), number]
    : [String(value), wanted];
  if (operator === ">=") return a >= b;
  if (operator === "<=") return a <= b;
  return operator === ">" ? a > b : a < b;
}

function fieldOf(record: EditRecord, field: string): Value | undefined {
  const named = NAMED.find((name) => name === field);
  if (named !== undefined) return record[named];
  if (field === "edited") return isEdited(record);
  let value: unknown = record.meta;
  if (record.meta !== undefined && Object.hasOwn(record.meta, field)) value = record.meta[field];
  else
    for (const key of field.split(".")) {
      if (typeof value !== "object" || value === null || !Object.hasOwn(value, key)) return undefined;
      value = (value as Readonly<Record<string, unknown>>)[key];
    }
  return typeof value === "string" || typeof value === "number" || typeof value === "boolean"
    ? value
    : undefined;
}

function unknownField(records: readonly EditRecord[], field: string): InvalidInput {
  const names = new Set<string>(NAMED.filter((name) => records.some((record) => record[name] !== undefined)));
  names.add("edited");
  for (const { meta } of records) for (const key of Object.keys(meta ?? {})) names.add(key);
  return new InvalidInput(
    `no record of the log has the field "${field}" with a text, number, true or false; conditions may name ${[...names].slice(0, 20).join(", ")}`,
    { code: "UNKNOWN_FIELD" },
  );
}
