import { randomBytes } from "node:crypto";

/** An id that sorts by time: milliseconds since 1970 in base 36, then chance. */
export function newId(): string {
  return `${Date.now().toString(36)}${randomBytes(5).toString("hex")}`;
}
