/** An address in the kernels' memory, in bytes. */
export type Address = number;

type Fill = (
  out: Address,
  groups: number,
  key0: number,
  key1: number,
  block: bigint,
  step: number,
  index: number,
  scale: number,
  add: number,
) => void;

type Gemm = (
  m: number,
  n: number,
  k: number,
  alpha: number,
  a: Address,
  aRow: number,
  aColumn: number,
  b: Address,
  bRow: number,
  bColumn: number,
  c: Address,
  scratch: Address,
) => void;

type Gemv = (m: number, n: number, alpha: number, a: Address, x: Address, y: Address) => void;

/** What the compiled kernels export; each function is described at its source in `kernels/`. */
export interface KernelExports {
  readonly memory: WebAssembly.Memory;
  heapBase(): Address;
  words(
    out: Address,
    groups: number,
    key0: number,
    key1: number,
    block: bigint,
    step: number,
    index: number,
  ): void;
  readonly normals32: Fill;
  readonly normals64: Fill;
  readonly signs32: Fill;
  readonly signs64: Fill;
  dot32(x: Address, y: Address, n: number): number;
  dot64(x: Address, y: Address, n: number): number;
  axpy32(alpha: number, x: Address, y: Address, n: number): void;
  axpy64(alpha: number, x: Address, y: Address, n: number): void;
  scal32(alpha: number, x: Address, n: number): void;
  scal64(alpha: number, x: Address, n: number): void;
  average64(x: Address, average: Address, n: number, share: number): void;
  scatter64(x: Address, mean: Address, scatter: Address, n: number, share: number, gain: number): void;
  readonly gemv64: Gemv;
  readonly gemvTransposed64: Gemv;
  gemmScratch(n: number, bytes: number): number;
  readonly gemm32: Gemm;
  readonly gemm64: Gemm;
  cholesky64(a: Address, n: number): number;
  eigh64(a: Address, n: number, d: Address, work: Address): number;
  factorPencil64(n: number, c: Address): number;
  whiten64(n: number, c: Address, w: Address, work: Address): void;
  unwhiten64(n: number, c: Address, s: Address, work: Address): void;
  decomposePencils64(
    n: number,
    count: number,
    p: Address,
    shared: number,
    a: Address,
    ratio: number,
    c: Address,
    rows: Address,
    values: Address,
    near: Address,
    work: Address,
  ): number;
  recomposePencils64(
    n: number,
    count: number,
    c: Address,
    shared: number,
    rows: Address,
    weights: Address,
    out: Address,
    work: Address,
  ): void;
  carryPencils64(
    n: number,
    count: number,
    c: Address,
    shared: number,
    rows: Address,
    weights: Address,
    x: Address,
    out: Address,
    work: Address,
  ): void;
  addPencils64(n: number, count: number, rows: Address, weights: Address, sum: Address, work: Address): void;
  levenshteinScratch(longest: number): number;
  levenshtein(
    tokens: Address,
    lengths: Address,
    count: number,
    out: Address,
    most: number,
    scratch: Address,
  ): void;
}
