/** The log format of fpx itself; carries the whole record. */

import { readContext, ShapeError } from "../messages.ts";
import type { Context } from "../record.ts";
import { ANY_COUNT, type EditFormat, RuleBroken } from "./format.ts";
import { checkKeys, textField } from "./shapes.ts";

const NAMES = ["id", "policy", "user", "ts"] as const;

export const fpxLog: EditFormat = {
  name: "fpx",
  title: "edit log of fpx",
  kind: "log",
  lines: ANY_COUNT,
  write: ({ id, context, draft, edited, policy, user, ts, meta }) => [
    { id, context, draft, edited, policy, user, ts, meta },
  ],
  read(line) {
    checkKeys(line, ["context", "draft", "edited"], [...NAMES, "meta"]);
    const { meta } = line;
    if (meta !== undefined && (typeof meta !== "object" || meta === null || Array.isArray(meta))) {
      throw new RuleBroken("bad-line", 'the field "meta" is not an object');
    }
    const names = NAMES.filter((key) => line[key] !== undefined).map((key) => [key, textField(line, key)]);
    return {
      context: contextField(line["context"]),
      draft: textField(line, "draft"),
      edited: textField(line, "edited"),
      ...Object.fromEntries(names),
      ...(meta === undefined ? {} : { meta }),
    };
  },
};

function contextField(value: unknown): Context {
  try {
    return readContext(value);
  } catch (error) {
    if (error instanceof ShapeError) throw new RuleBroken("bad-line", `the field "context" ${error.message}`);
    throw error;
  }
}
