import type { Kernels } from "../wasm/index.ts";
import {
  plainAdd,
  plainCarry,
  plainDecompose,
  plainFactor,
  plainRecompose,
  plainUnwhiten,
  plainWhiten,
} from "./pencil-twin.ts";
import { add3, carry3, decompose3, recompose3 } from "./pencil3.ts";

/** What `kernels/pencil.ts` exports, on places of the memory `m` in elements. */
export interface PencilFunctions {
  decompose(
    m: Float64Array,
    n: number,
    count: number,
    p: number,
    shared: boolean,
    a: number,
    ratio: boolean,
    c: number,
    rows: number,
    values: number,
    near: number,
    work: number,
  ): number;
  recompose(
    m: Float64Array,
    n: number,
    count: number,
    c: number,
    shared: boolean,
    rows: number,
    weights: number,
    out: number,
    work: number,
  ): void;
  carry(
    m: Float64Array,
    n: number,
    count: number,
    c: number,
    shared: boolean,
    rows: number,
    weights: number,
    x: number,
    out: number,
    work: number,
  ): void;
  add(
    m: Float64Array,
    n: number,
    count: number,
    rows: number,
    weights: number,
    sum: number,
    work: number,
  ): void;
  /** C over P; false when P has no finite factor. */
  factor(m: Float64Array, n: number, c: number): boolean;
  whiten(m: Float64Array, n: number, c: number, w: number, work: number): void;
  unwhiten(m: Float64Array, n: number, c: number, s: number, work: number): void;
}

/** Plain loops, for any order. */
export const plainPencils: PencilFunctions = {
  decompose: plainDecompose,
  recompose: plainRecompose,
  carry: plainCarry,
  add: plainAdd,
  factor: plainFactor,
  whiten: plainWhiten,
  unwhiten: plainUnwhiten,
};

/** For order 3, faster than the kernels. */
export const pencilsOfOrder3: PencilFunctions = {
  ...plainPencils,
  decompose: decompose3,
  recompose: recompose3,
  carry: carry3,
  add: add3,
};

/** The kernels on their own memory. */
export function kernelPencils({ run }: Kernels): PencilFunctions {
  return {
    decompose: (_m, n, count, p, shared, a, ratio, c, rows, values, near, work) =>
      run.decomposePencils64(
        n,
        count,
        8 * p,
        shared ? 1 : 0,
        8 * a,
        ratio ? 1 : 0,
        8 * c,
        8 * rows,
        8 * values,
        8 * near,
        8 * work,
      ),
    recompose: (_m, n, count, c, shared, rows, weights, out, work) =>
      run.recomposePencils64(n, count, 8 * c, shared ? 1 : 0, 8 * rows, 8 * weights, 8 * out, 8 * work),
    carry: (_m, n, count, c, shared, rows, weights, x, out, work) =>
      run.carryPencils64(n, count, 8 * c, shared ? 1 : 0, 8 * rows, 8 * weights, 8 * x, 8 * out, 8 * work),
    add: (_m, n, count, rows, weights, sum, work) =>
      run.addPencils64(n, count, 8 * rows, 8 * weights, 8 * sum, 8 * work),
    factor: (_m, n, c) => run.factorPencil64(n, 8 * c) !== 0,
    whiten: (_m, n, c, w, work) => run.whiten64(n, 8 * c, 8 * w, 8 * work),
    unwhiten: (_m, n, c, s, work) => run.unwhiten64(n, 8 * c, 8 * s, 8 * work),
  };
}
