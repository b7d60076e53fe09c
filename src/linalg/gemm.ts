import { InvalidInput } from "../core/errors.ts";
import { type Kernels, sharedKernels } from "../wasm/index.ts";
import { checkKinds, checkLength, checkSize, type Floats } from "./checks.ts";

/** Below this many multiplications the plain loop is as fast. */
const SMALL = 512;
/** Sums run over so many terms before they are added to the result, here as in the kernel. */
export const DEPTH = 256;

/** Options of `gemm`. */
export interface GemmOptions<T extends Floats> {
  /** `a` holds the transpose: k by m. Default false. */
  readonly transposeA?: boolean;
  /** `b` holds the transpose: n by k. Default false. */
  readonly transposeB?: boolean;
  /** Default 1. */
  readonly alpha?: number;
  /** What `out` is multiplied by first; default 0, which overwrites whatever it held. */
  readonly beta?: number;
  /** Where the result goes. Default: a new array. */
  readonly out?: T;
}

interface Product<T extends Floats> {
  readonly m: number;
  readonly n: number;
  readonly k: number;
  readonly alpha: number;
  readonly a: T;
  /** Distance between rows, and between columns. */
  readonly aStrides: readonly [number, number];
  readonly b: T;
  readonly bStrides: readonly [number, number];
  readonly c: T;
}

/**
 * alpha A B + beta out for row-major A (m by k) and B (k by n), each possibly given transposed; returns
 * `out` (m by n). All arrays are float64, or all float32 (then every operation is in float32).
 *
 * @throws InvalidInput when a length or kind does not fit, or `beta` is not 0 and there is no `out`.
 * @example gemm(2, 2, 1, Float64Array.of(1, 2), Float64Array.of(3, 4)); // 3 4 6 8
 */
export function gemm<T extends Floats>(
  m: number,
  n: number,
  k: number,
  a: T,
  b: T,
  options: GemmOptions<T> = {},
): T {
  return gemmBy(m * n * k <= SMALL ? undefined : sharedKernels(), m, n, k, a, b, options);
}

/** `gemm` by the given kernels, or by plain loops. */
export function gemmBy<T extends Floats>(
  kernels: Kernels | undefined,
  m: number,
  n: number,
  k: number,
  a: T,
  b: T,
  options: GemmOptions<T> = {},
): T {
  const { transposeA = false, transposeB = false, alpha = 1, beta = 0 } = options;
  checkSize("m", m);
  checkSize("n", n);
  checkSize("k", k);
  const wide = a instanceof Float64Array;
  const c = options.out ?? ((wide ? new Float64Array(m * n) : new Float32Array(m * n)) as T);
  checkKinds(a, b, c);
  checkLength("a", a, m * k, `an m by k matrix with m = ${m}, k = ${k}`);
  checkLength("b", b, k * n, `a k by n matrix with k = ${k}, n = ${n}`);
  checkLength("out", c, m * n, `an m by n matrix with m = ${m}, n = ${n}`);
  if (beta !== 0 && options.out === undefined) {
    throw new InvalidInput(`beta is ${beta}, but there is no \`out\` to multiply by it`);
  }
  if ((c as Floats) === a || (c as Floats) === b) {
    throw new InvalidInput("`out` must be neither a nor b; give another array");
  }
  if (beta === 0) c.fill(0);
  else if (beta !== 1) for (let i = 0; i < c.length; i++) c[i]! *= wide ? beta : Math.fround(beta);
  const product: Product<T> = {
    m,
    n,
    k,
    alpha: wide ? alpha : Math.fround(alpha),
    a,
    aStrides: transposeA ? [1, m] : [k, 1],
    b,
    bStrides: transposeB ? [1, k] : [n, 1],
    c,
  };
  if (kernels === undefined) plainGemm(product);
  else kernelGemm(kernels, product);
  return c;
}

/** The kernel's twin: every element is summed in the same order, row by row of the result. */
function plainGemm<T extends Floats>({ m, n, k, alpha, a, aStrides, b, bStrides, c }: Product<T>): void {
  const wide = c instanceof Float64Array;
  const round = wide ? (x: number) => x : Math.fround;
  const sums = wide ? new Float64Array(n) : new Float32Array(n);
  const [aRow, aColumn] = aStrides;
  const [bRow, bColumn] = bStrides;
  for (let start = 0; start < k; start += DEPTH) {
    const end = Math.min(k, start + DEPTH);
    for (let i = 0; i < m; i++) {
      sums.fill(0);
      for (let l = start; l < end; l++) {
        const factor = a[i * aRow + l * aColumn]!;
        const row = l * bRow;
        for (let j = 0; j < n; j++) sums[j]! += round(factor * b[row + j * bColumn]!);
      }
      for (let j = 0; j < n; j++) c[i * n + j]! += round(alpha * sums[j]!);
    }
  }
}

function kernelGemm<T extends Floats>(
  kernels: Kernels,
  { m, n, k, alpha, a, aStrides, b, bStrides, c }: Product<T>,
): void {
  const wide = c instanceof Float64Array;
  const size = c.BYTES_PER_ELEMENT;
  const aligned = (count: number): number => Math.ceil(count / 16) * 16;
  const bAt = aligned(m * k);
  const cAt = bAt + aligned(k * n);
  const scratchAt = cAt + aligned(m * n);
  const base = kernels.reserve(scratchAt * size + kernels.run.gemmScratch(n, size));
  const memory = wide ? kernels.float64 : kernels.float32;
  const first = base / size;
  memory.set(a, first);
  memory.set(b, first + bAt);
  memory.set(c, first + cAt);
  const kernel = wide ? kernels.run.gemm64 : kernels.run.gemm32;
  const at = (element: number): number => base + size * element;
  kernel(m, n, k, alpha, base, ...aStrides, at(bAt), ...bStrides, at(cAt), at(scratchAt));
  c.set(memory.subarray(first + cAt, first + cAt + m * n));
}
