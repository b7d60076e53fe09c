/** What the types of this room promise, and what they refuse; `tsc` is the runner. */
import { createRng, type Draws, type Floats, type Law, type Seed, type Stream } from "fpx/random";
import { expectTypeOf, test } from "vitest";

const stream = createRng(7).stream("test", 0, 1);

test("a count gives a fresh array, an array is filled and given back", () => {
  expectTypeOf(stream).toEqualTypeOf<Stream>();
  expectTypeOf(stream.normals(3)).toEqualTypeOf<Float64Array>();
  expectTypeOf(stream.normals(new Float32Array(3))).toEqualTypeOf<Float32Array<ArrayBuffer>>();
  expectTypeOf(stream.perturb(new Float32Array(3), 0.1, { law: "sign" })).toExtend<Float32Array>();
  expectTypeOf(stream.integers(6, 10)).toEqualTypeOf<Uint32Array>();
  expectTypeOf(stream.permutation(5)).toEqualTypeOf<Uint32Array>();
  // @ts-expect-error: whole numbers hold no normals.
  stream.normals(new Int32Array(3));
  // @ts-expect-error: there is no such law.
  stream.perturb(new Float64Array(3), 0.1, { law: "gaussian" });
});

test("seeds are numbers or bigints, purposes are texts", () => {
  expectTypeOf<Seed>().toEqualTypeOf<number | bigint>();
  expectTypeOf<Law>().toEqualTypeOf<"normal" | "sign">();
  expectTypeOf<Floats>().toEqualTypeOf<Float32Array | Float64Array>();
  createRng(2n ** 64n - 1n);
  // @ts-expect-error: a text is no seed.
  createRng("7");
  // @ts-expect-error: a stream has a purpose.
  createRng(7).stream();
  // @ts-expect-error: a seed is fixed.
  createRng(7).seed = 8;
});

test("draws pick what the list holds", () => {
  const draws = createRng(7).draws("test");
  expectTypeOf(draws).toEqualTypeOf<Draws>();
  expectTypeOf(draws.pick(["a", "b"] as const)).toEqualTypeOf<"a" | "b">();
  expectTypeOf(draws.uniform()).toBeNumber();
});
