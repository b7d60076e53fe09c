/** What the types of this part promise, and what they refuse; `tsc` is the runner. */
import { withLock, writeFileAtomic, writeLinesAtomic } from "fpx/core/node";
import { expectTypeOf, test } from "vitest";

test("files are written whole", () => {
  expectTypeOf(writeFileAtomic("a", new Uint8Array(3))).toEqualTypeOf<Promise<void>>();
  expectTypeOf(writeLinesAtomic("a", ["1", "2"])).toEqualTypeOf<Promise<number>>();
  expectTypeOf(withLock("folder", () => 3)).toEqualTypeOf<Promise<number>>();
  // @ts-expect-error: a file holds texts or bytes.
  writeFileAtomic("a", { text: "" });
  // @ts-expect-error: lines are texts.
  writeLinesAtomic("a", [1, 2]);
  // @ts-expect-error: the option is called waitMs.
  withLock("folder", () => 3, { wait: 5 });
});
