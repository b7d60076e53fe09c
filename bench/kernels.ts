/**
 * Dense kernels and normals against NumPy on one thread, against ml-matrix and against plain loops. Aims are
 * 1.3 times the ratio that the kernels' prototype had on the machine where it was tuned.
 */
import { CholeskyDecomposition, EigenvalueDecomposition, Matrix } from "ml-matrix";
import { axpy, cholesky, createArena, dot, eigh, gemm, gemv } from "../src/linalg/index.ts";
import { createRng } from "../src/random/index.ts";
import { kernelVariant } from "../src/wasm/index.ts";
import { type BenchRow, type Contest, compare, openNumPy } from "./harness.ts";

export const name = "Dense kernels and normals, one thread";

const LONG = 1_000_000;
const SIDE = 512;
const MEMORY = "the bandwidth of the cache, which NumPy reaches";
const VECTORS = "WebAssembly's vectors have 128 bits and no fused multiply-add: a quarter of what AVX2 can";
const ORDERS = [3, 10, 50, 200, 500];

const NUMPY = `
generator = np.random.Generator(np.random.Philox(1))
x = generator.standard_normal(${LONG}); y = generator.standard_normal(${LONG}); z = np.empty(${LONG})
x32 = x.astype(np.float32); y32 = y.astype(np.float32); z32 = np.empty(${LONG}, np.float32)
def dot64(): return x @ y
def dot32(): return x32 @ y32
def axpy64():
    np.multiply(x, 1e-9, out=z); np.add(y, z, out=y)
def axpy32():
    np.multiply(x32, np.float32(1e-9), out=z32); np.add(y32, z32, out=y32)
a = generator.standard_normal((${SIDE}, ${SIDE})); b = generator.standard_normal((${SIDE}, ${SIDE}))
a32 = a.astype(np.float32); b32 = b.astype(np.float32)
def gemm64(): return a @ b
def gemm32(): return a32 @ b32
m = generator.standard_normal((1000, 1000)); v = generator.standard_normal(1000)
def gemv64(): return m @ v
def normals64(): return generator.standard_normal(out=z)
def normals32(): return generator.standard_normal(out=z32, dtype=np.float32)
def symmetric(n):
    s = generator.standard_normal((n, n)); return (s + s.T) / 2
${ORDERS.map(
  (n) => `
s${n} = symmetric(${n}); d${n} = s${n} @ s${n} + ${n} * np.eye(${n})
def eigh${n}(): return np.linalg.eigh(s${n})
def cholesky${n}(): return np.linalg.cholesky(d${n})
`,
).join("")}`;

export async function bench(): Promise<BenchRow[]> {
  const numpy = await openNumPy(NUMPY);
  const against = (operation: string) => ({
    peer: numpy?.operation(operation),
    peerName:
      numpy === undefined ? "NumPy (no python3 with numpy: set FPX_PYTHON)" : `NumPy ${numpy.version}`,
  });
  const rows: BenchRow[] = [];
  const note = `kernels: ${kernelVariant()}`;
  for (const contest of contests(against)) rows.push(await compare({ note, ...contest }));
  numpy?.close();
  return rows;
}

type Against = (operation: string) => Pick<Contest, "peer" | "peerName">;

function* contests(against: Against): Generator<Contest> {
  const rng = createRng(1);
  const values = (n: number, index: number): Float64Array => rng.stream("bench", n, index).normals(n);

  const arena = createArena(48 * LONG);
  const [x, y] = [arena.float64(LONG), arena.float64(LONG)];
  const [x32, y32] = [arena.float32(LONG), arena.float32(LONG)];
  const [X, Y] = [values(LONG, 0), values(LONG, 1)];
  x.set(X);
  y.set(Y);
  x32.set(X);
  y32.set(Y);
  const ms = { unit: "ms" } as const;
  yield {
    name: "dot f64, 1e6, arena",
    ours: () => dot(x, y),
    ...against("dot64"),
    ...ms,
    target: "<= 1.3",
    limit: MEMORY,
  };
  yield { name: "dot f32, 1e6, arena", ours: () => dot(x32, y32), ...against("dot32"), ...ms };
  yield {
    name: "axpy f64, 1e6, arena",
    ours: () => axpy(1e-9, x, y),
    ...against("axpy64"),
    ...ms,
    target: "<= 1.3",
    limit: MEMORY,
  };
  yield { name: "axpy f32, 1e6, arena", ours: () => axpy(1e-9, x32, y32), ...against("axpy32"), ...ms };
  yield {
    name: "dot f64, 1e6, arena",
    ours: () => dot(x, y),
    peer: () => plainDot(X, Y),
    peerName: "plain loop",
    ...ms,
    target: "<= 0.24",
  };
  yield {
    name: "axpy f64, 1e6, arena",
    ours: () => axpy(1e-9, x, y),
    peer: () => plainAxpy(1e-9, X, Y),
    peerName: "plain loop",
    ...ms,
    target: "<= 0.2",
  };
  yield {
    name: "dot f64, 1e6, ordinary arrays",
    ours: () => dot(X, Y),
    peer: () => plainDot(X, Y),
    peerName: "plain loop",
    ...ms,
  };

  const [a, b] = [values(SIDE * SIDE, 0), values(SIDE * SIDE, 1)];
  const [a32, b32] = [Float32Array.from(a), Float32Array.from(b)];
  const out = new Float64Array(SIDE * SIDE);
  const out32 = new Float32Array(SIDE * SIDE);
  const product = () => gemm(SIDE, SIDE, SIDE, a, b, { out });
  yield {
    name: "gemm f64, 512",
    ours: product,
    ...against("gemm64"),
    ...ms,
    target: "<= 3.7",
    limit: VECTORS,
  };
  yield {
    name: "gemm f32, 512",
    ours: () => gemm(SIDE, SIDE, SIDE, a32, b32, { out: out32 }),
    ...against("gemm32"),
    ...ms,
    target: "<= 4.0",
    limit: VECTORS,
  };
  const [A, B] = [matrix(a, SIDE), matrix(b, SIDE)];
  yield {
    name: "gemm f64, 512",
    ours: product,
    peer: () => A.mmul(B),
    peerName: "ml-matrix",
    ...ms,
    target: "<= 0.09",
  };
  const [m, v] = [values(1_000_000, 2), values(1000, 3)];
  yield {
    name: "gemv f64, 1000, ordinary arrays",
    ours: () => gemv(1000, 1000, m, v),
    ...against("gemv64"),
    ...ms,
  };

  const z = new Float64Array(LONG);
  const z32 = new Float32Array(LONG);
  const stream = rng.stream("normals");
  yield {
    name: "1e6 normals f64",
    ours: () => stream.normals(z),
    ...against("normals64"),
    ...ms,
    target: "<= 0.88",
  };
  yield {
    name: "1e6 normals f32",
    ours: () => stream.normals(z32),
    ...against("normals32"),
    ...ms,
    target: "<= 0.5",
  };
  yield {
    name: "1e6 normals added f32 (seed replay)",
    ours: () => stream.perturb(z32, 1e-3),
    ...against("normals32"),
    ...ms,
  };

  const eighAims: Record<number, string> = {
    3: "<= 0.1",
    10: "<= 0.5",
    50: "<= 1.04",
    200: "<= 2.1",
    500: "<= 3.4",
  };
  const choleskyAims: Record<number, string> = {
    3: "<= 0.026",
    10: "<= 0.2",
    50: "<= 1.6",
    200: "<= 3.6",
    500: "<= 4.3",
  };
  const us = { unit: "us" } as const;
  for (const n of ORDERS) {
    const decomposition = { values: new Float64Array(n), vectors: new Float64Array(n * n) };
    const factor = new Float64Array(n * n);
    const s = values(n * n, 4);
    for (let i = 0; i < n; i++) for (let j = 0; j < i; j++) s[j * n + i] = s[i * n + j]!;
    yield {
      name: `eigh ${n}`,
      ours: () => eigh(s, n, { out: decomposition }),
      ...against(`eigh${n}`),
      ...us,
      target: eighAims[n]!,
    };
    const d = gemm(n, n, n, s, s);
    for (let i = 0; i < n; i++) d[i * n + i]! += n;
    yield {
      name: `cholesky ${n}`,
      ours: () => cholesky(d, n, { out: factor }),
      ...against(`cholesky${n}`),
      ...us,
      target: choleskyAims[n]!,
    };
    if (n !== 200) continue;
    const [S, D] = [matrix(s, n), matrix(d, n)];
    const decompose = () => new EigenvalueDecomposition(S, { assumeSymmetric: true });
    yield {
      name: `eigh ${n}`,
      ours: () => eigh(s, n, { out: decomposition }),
      peer: decompose,
      peerName: "ml-matrix",
      ...us,
      target: "<= 0.135",
    };
    yield {
      name: `cholesky ${n}`,
      ours: () => cholesky(d, n, { out: factor }),
      peer: () => new CholeskyDecomposition(D),
      peerName: "ml-matrix",
      ...us,
      target: "<= 0.126",
    };
  }
}

function matrix(values: Float64Array, n: number): Matrix {
  return Matrix.from1DArray(n, n, values);
}

function plainDot(x: Float64Array, y: Float64Array): number {
  let sum = 0;
  for (let i = 0; i < x.length; i++) sum += x[i]! * y[i]!;
  return sum;
}

function plainAxpy(alpha: number, x: Float64Array, y: Float64Array): void {
  for (let i = 0; i < x.length; i++) y[i]! += alpha * x[i]!;
}
