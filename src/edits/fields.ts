/** Which field of a log line is what: the names that logs use, and the mapping a user gives. */

import { InvalidInput } from "../core/errors.ts";

/** What a field of a log line can be to us; everything else goes to `meta`. */
export type FieldRole = "id" | "context" | "draft" | "edited" | "policy" | "user" | "ts";

/** Says by role which field to read, where the aliases do not: `{ draft: "preedit", edited: "result.text" }`. */
export type FieldMap = Readonly<Partial<Record<FieldRole, string>>>;

/**
 * The names by which a role is recognised, whatever their case, hyphens and underscores (`pre_edit`, `preEdit`).
 * Among them are those of the training formats: TRL's `chosen` and `rejected`, OpenAI's `preferred_output`.
 */
export const FIELD_ALIASES: Readonly<Record<FieldRole, readonly string[]>> = {
  id: ["id", "record_id", "example_id", "uuid"],
  context: ["context", "prompt", "input", "messages", "conversation", "instruction", "question", "query"],
  draft: [
    ...["draft", "preedit", "original", "original_text", "response", "output", "generation", "completion"],
    ...["model_output", "model_response", "suggestion", "before", "rejected", "non_preferred_output"],
  ],
  edited: [
    ...[
      "edited",
      "edit",
      "postedit",
      "edited_text",
      "edited_response",
      "final",
      "final_text",
      "revised",
      "revision",
    ],
    ...["corrected", "correction", "corrected_output", "after", "chosen", "preferred_output"],
  ],
  policy: ["policy", "model", "model_name", "model_id", "model_version"],
  user: ["user", "user_id", "writer", "editor", "annotator", "annotator_id", "author", "worker", "worker_id"],
  ts: ["ts", "timestamp", "time", "datetime", "date", "created_at"],
};

const ROLES = Object.keys(FIELD_ALIASES) as readonly FieldRole[];
const plain = (name: string): string => name.toLowerCase().replace(/[_\-\s]/g, "");
const ROLE_OF_ALIAS: ReadonlyMap<string, FieldRole> = new Map(
  ROLES.flatMap((role) => FIELD_ALIASES[role].map((alias) => [plain(alias), role] as const)),
);

/**
 * Reads a mapping from the command line, `draft=preedit,edited=result.text`.
 *
 * Throws `InvalidInput` for an unknown role, a role named twice, or a part that is not `role=field`.
 */
export function parseFieldMap(text: string): FieldMap {
  const map: Partial<Record<FieldRole, string>> = {};
  for (const part of text.split(",")) {
    const [role, field, ...rest] = part.split("=").map((side) => side.trim());
    if (field === undefined || field === "" || rest.length > 0) {
      throw new InvalidInput(
        `cannot read "${part}" in the field map; write role=field, as in draft=preedit,edited=postedit`,
      );
    }
    if (map[role as FieldRole] !== undefined)
      throw new InvalidInput(`the field map names ${role} twice; name it once`);
    map[role as FieldRole] = field;
  }
  return checkFieldMap(map);
}

function checkFieldMap(map: FieldMap): FieldMap {
  for (const [role, field] of Object.entries(map)) {
    if (!(ROLES as readonly string[]).includes(role)) {
      throw new InvalidInput(`the field map names "${role}", which is none of ${ROLES.join(", ")}`);
    }
    if (typeof field !== "string" || field === "") {
      throw new InvalidInput(`the field map must name a field for ${role}; got ${JSON.stringify(field)}`);
    }
  }
  return map;
}

/** The values of a line by role, and the rest. */
export interface Fields {
  readonly values: Partial<Record<FieldRole, unknown>>;
  readonly rest: Record<string, unknown>;
}

/** Sorts the fields of one line after another into roles. */
export interface FieldReader {
  /** Throws `InvalidInput` with code `AMBIGUOUS_FIELDS` where two fields could be the same role. */
  read(line: Readonly<Record<string, unknown>>, lineNumber: number): Fields;
  /** By role, the fields it was read from so far. */
  readonly used: Readonly<Partial<Record<FieldRole, readonly string[]>>>;
}

/** A reader of fields; roles in `map` are read from there and nowhere else, other roles by their aliases. */
export function fieldReader(map: FieldMap = {}): FieldReader {
  checkFieldMap(map);
  const mapped = Object.entries(map) as [FieldRole, string][];
  const roleOfKey = new Map<string, FieldRole | undefined>();
  const used: Partial<Record<FieldRole, string[]>> = {};

  function roleOf(key: string): FieldRole | undefined {
    if (!roleOfKey.has(key)) {
      const role = ROLE_OF_ALIAS.get(plain(key));
      roleOfKey.set(key, role === undefined || map[role] !== undefined ? undefined : role);
    }
    return roleOfKey.get(key);
  }

  function note(role: FieldRole, field: string): void {
    const fields = (used[role] ??= []);
    if (!fields.includes(field)) fields.push(field);
  }

  function read(line: Readonly<Record<string, unknown>>, lineNumber: number): Fields {
    const values: Partial<Record<FieldRole, unknown>> = {};
    const rest: Record<string, unknown> = {};
    const source: Partial<Record<FieldRole, string>> = {};
    const taken = new Set<string>();
    for (const [role, path] of mapped) {
      const value = Object.hasOwn(line, path) ? line[path] : follow(line, path);
      if (value === undefined || value === null) continue;
      values[role] = value;
      note(role, path);
      if (Object.hasOwn(line, path)) taken.add(path);
    }
    for (const key of Object.keys(line)) {
      if (taken.has(key)) continue;
      const value = line[key];
      const role = value === null ? undefined : roleOf(key);
      if (role === undefined) {
        define(rest, key, value);
        continue;
      }
      const other = source[role];
      if (other !== undefined) {
        throw new InvalidInput(
          `line ${lineNumber}: the fields "${other}" and "${key}" could both be the ${role}; say which, for example --map ${role}=${other}`,
          { code: "AMBIGUOUS_FIELDS" },
        );
      }
      source[role] = key;
      values[role] = value;
      note(role, key);
    }
    return { values, rest };
  }

  return { read, used };
}

/** Sets a key as JSON.parse does: `__proto__` is a key like any other. */
function define(target: Record<string, unknown>, key: string, value: unknown): void {
  if (key !== "__proto__") target[key] = value;
  else Object.defineProperty(target, key, { value, enumerable: true, configurable: true, writable: true });
}

function follow(value: unknown, path: string): unknown {
  for (const key of path.split(".")) {
    if (typeof value !== "object" || value === null || !Object.hasOwn(value, key)) return undefined;
    value = (value as Readonly<Record<string, unknown>>)[key];
  }
  return value;
}
