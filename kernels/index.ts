/** What the module exports. */
export { words } from "./philox";
export { normals32, normals64 } from "./normals";
export { signs32, signs64 } from "./signs";
export { axpy32, axpy64, dot32, dot64, gemv64, gemvTransposed64, scal32, scal64 } from "./level1";
export { average64, scatter64 } from "./averages";
export { gemm32, gemm64, gemmScratch } from "./gemm";
export { cholesky64 } from "./cholesky";
export { eigh64 } from "./eigh";
export {
  addPencils64,
  carryPencils64,
  decomposePencils64,
  factorPencil64,
  recomposePencils64,
  unwhiten64,
  whiten64,
} from "./pencil";
export { levenshtein, levenshteinScratch } from "./levenshtein";

/** First byte after the kernels' own static data. */
export function heapBase(): usize {
  return __heap_base;
}
