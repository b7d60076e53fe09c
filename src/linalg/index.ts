export { type AdamConstants, type AdamNumbers, adam } from "./adam.ts";
export { type Arena, createArena } from "./arena.ts";
export type { Floats } from "./checks.ts";
export { type CholeskyOptions, cholesky, solveTriangular } from "./cholesky.ts";
export { type Eigh, type EighOptions, eigh } from "./eigh.ts";
export { type GemmOptions, gemm } from "./gemm.ts";
export { type GemvOptions, gemv } from "./gemv.ts";
export { axpy, dot, dotAt, nrm2, scal } from "./level1.ts";
export { createPencils, type Pencils } from "./pencil.ts";
