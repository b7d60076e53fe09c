/** What the types of this room promise, and what they refuse; `tsc` is the runner. */
import {
  adam,
  axpy,
  cholesky,
  createArena,
  dot,
  type Eigh,
  eigh,
  gemm,
  gemv,
  solveTriangular,
} from "fpx/linalg";
import { expectTypeOf, test } from "vitest";

const doubles = new Float64Array(4);
const singles = new Float32Array(4);

test("the precision of the inputs is that of the result", () => {
  expectTypeOf(gemm(2, 2, 2, doubles, doubles)).toEqualTypeOf<Float64Array<ArrayBuffer>>();
  expectTypeOf(gemm(2, 2, 2, singles, singles, { transposeA: true })).toEqualTypeOf<
    Float32Array<ArrayBuffer>
  >();
  expectTypeOf(axpy(2, singles, singles)).toEqualTypeOf<Float32Array<ArrayBuffer>>();
  expectTypeOf(dot(doubles, doubles)).toBeNumber();
  // @ts-expect-error: two precisions do not mix.
  gemm(2, 2, 2, doubles, singles);
  // @ts-expect-error: nor does the place of the result.
  gemm(2, 2, 2, doubles, doubles, { out: singles });
  // @ts-expect-error: nor in a sum.
  axpy(2, doubles, singles);
  // @ts-expect-error: the option is called transposeA.
  gemm(2, 2, 2, doubles, doubles, { transpose: true });
  // @ts-expect-error: plain arrays are no matrices.
  gemm(2, 2, 2, [1, 2, 3, 4], [1, 2, 3, 4]);
});

test("factorisations are in double precision", () => {
  expectTypeOf(eigh(doubles, 2)).toEqualTypeOf<Eigh>();
  expectTypeOf(cholesky(doubles, 2)).toEqualTypeOf<Float64Array>();
  expectTypeOf(solveTriangular(doubles, 2, doubles, { transpose: true })).toEqualTypeOf<Float64Array>();
  expectTypeOf(gemv(2, 2, doubles, doubles)).toEqualTypeOf<Float64Array>();
  // @ts-expect-error: single precision is refused.
  eigh(singles, 2);
  // @ts-expect-error: the parts are read only.
  eigh(doubles, 2).values = doubles;
});

test("Adam changes its numbers in place", () => {
  const numbers = { values: doubles, m: doubles, v: doubles };
  const constants = { beta1: 0.9, beta2: 0.999, epsilon: 1e-8, weightDecay: 0 };
  expectTypeOf(adam(numbers, [1, 2, 3, 4], 1, 0.1, constants)).toBeVoid();
  // @ts-expect-error: every constant is given.
  adam(numbers, [1, 2, 3, 4], 1, 0.1, { beta1: 0.9 });
  expectTypeOf(createArena(64).float32(4)).toEqualTypeOf<Float32Array<ArrayBuffer>>();
});
