import fc from "fast-check";
import { EigenvalueDecomposition, Matrix } from "ml-matrix";
import { describe, expect, it } from "vitest";
import { FpxError, InvalidInput, NonFinite } from "../core/errors.ts";
import { createRng } from "../random/index.ts";
import { createKernels } from "../wasm/index.ts";
import { type Arena, createArena } from "./arena.ts";
import type { Floats } from "./checks.ts";
import { cholesky, choleskyBy, solveTriangular } from "./cholesky.ts";
import { eigh, eighBy } from "./eigh.ts";
import { gemm, gemmBy } from "./gemm.ts";
import { gemv, gemvBy } from "./gemv.ts";
import { axpy, dot, nrm2, scal } from "./level1.ts";

const kernels = createKernels()!;
const rng = createRng(20);
const vector = (n: number, name = n): Float64Array => rng.stream("vector", n, name).normals(n);
const narrow = (n: number, name = n): Float32Array =>
  rng.stream("vector", n, name).normals(new Float32Array(n));

function sameBits(a: Floats, b: Floats): boolean {
  const bytes = ({ buffer, byteOffset, byteLength }: Floats) => Buffer.from(buffer, byteOffset, byteLength);
  return bytes(a).equals(bytes(b));
}

function symmetric(n: number, name = 0): Float64Array {
  const a = vector(n * n, name);
  for (let i = 0; i < n; i++) for (let j = 0; j < i; j++) a[j * n + i] = a[i * n + j]!;
  return a;
}

/** G G' + n I */
function definite(n: number): Float64Array {
  const g = vector(n * n, 7);
  const out = new Float64Array(n * n);
  for (let i = 0; i < n; i++) out[i * n + i] = n;
  return gemm(n, n, n, g, g, { transposeB: true, beta: 1, out });
}

function largest(values: Floats): number {
  let most = 0;
  for (const x of values) most = Math.max(most, Math.abs(x));
  return most;
}

function moved<T extends Floats>(arena: Arena, x: T): T {
  const place = (x instanceof Float64Array ? arena.float64(x.length) : arena.float32(x.length)) as T;
  place.set(x);
  return place;
}

const SIZES = [0, 1, 2, 3, 7, 8, 9, 15, 16, 17, 31, 64, 100, 1001];

describe("level 1", () => {
  it("has the same bits in an arena and outside of it", () => {
    const arena = createArena(1_000_000);
    for (const n of SIZES) {
      for (const make of [vector, narrow]) {
        arena.reset();
        const [x, y] = [make(n, 1), make(n, 2)];
        const [X, Y] = [moved(arena, x as Floats), moved(arena, y as Floats)];
        expect(Object.is(dot(x, y), dot(X, Y))).toBe(true);
        expect(Object.is(nrm2(x), nrm2(X))).toBe(true);
        expect(sameBits(axpy(0.3, x as Floats, y), axpy(0.3, X, Y))).toBe(true);
        expect(sameBits(scal(-1.7, x as Floats), scal(-1.7, X))).toBe(true);
      }
    }
  });

  it("computes what it says", () => {
    for (const n of SIZES) {
      const [x, y] = [vector(n, 3), vector(n, 4)];
      let exact = 0;
      let size = 0;
      for (let i = 0; i < n; i++) {
        exact += x[i]! * y[i]!;
        size += Math.abs(x[i]! * y[i]!);
      }
      expect(Math.abs(dot(x, y) - exact)).toBeLessThanOrEqual(1e-15 * n * size);
      expect(axpy(2, x, y.slice())).toEqual(y.map((v, i) => v + 2 * x[i]!));
      expect(scal(3, x.slice())).toEqual(x.map((v) => 3 * v));
      expect(nrm2(x)).toBeCloseTo(Math.hypot(...x), 12);
    }
  });

  it("takes norms that overflow or vanish on the way", () => {
    expect(nrm2(Float64Array.of(3e200, 4e200))).toBeCloseTo(5e200, -187);
    expect(nrm2(Float64Array.of(3e-200, 4e-200)) / 5e-200).toBeCloseTo(1, 14);
    expect(nrm2(Float64Array.of(3e-320, 4e-320)) / 5e-320).toBeCloseTo(1, 3);
    expect(nrm2(Float32Array.of(3e30, 4e30)) / 5e30).toBeCloseTo(1, 6);
    expect(nrm2(Float32Array.of(3e-30, 4e-30)) / 5e-30).toBeCloseTo(1, 6);
    expect(nrm2(new Float64Array(4))).toBe(0);
    expect(nrm2(Float64Array.of(1, Number.NEGATIVE_INFINITY))).toBe(Number.POSITIVE_INFINITY);
    expect(nrm2(Float64Array.of(Number.POSITIVE_INFINITY, Number.NaN))).toBeNaN();
  });

  it("says what is wrong", () => {
    expect(() => dot(vector(3), vector(4))).toThrow(InvalidInput);
    expect(() => axpy<Floats>(1, vector(3), narrow(3))).toThrow(/mix/);
    expect(() => createArena(-1)).toThrow(InvalidInput);
    const arena = createArena(100);
    expect(arena.free).toBe(128);
    arena.float32(3);
    expect(() => arena.float64(9)).toThrow(/64 bytes left/);
    expect(() => arena.float64(0.5)).toThrow(InvalidInput);
    arena.reset();
    expect(arena.float64(16)).toHaveLength(16);
  });
});

describe("products", () => {
  it("of a matrix and a vector have the bits of the twin, in an arena too", () => {
    const arena = createArena(4_000_000);
    for (const [m, n] of [
      [0, 3],
      [3, 0],
      [1, 1],
      [5, 7],
      [16, 16],
      [33, 100],
      [301, 130],
      [3, 9001],
    ] as const) {
      for (const transpose of [false, true]) {
        arena.reset();
        const [a, x, y] = [vector(m * n, 1), vector(transpose ? m : n, 2), vector(transpose ? n : m, 3)];
        const options = { transpose, alpha: 1.5, beta: -0.5 };
        const plain = gemvBy(undefined, m, n, a, x, { ...options, out: y.slice() });
        const fast = gemvBy(kernels, m, n, a, x, { ...options, out: y.slice() });
        const home = gemvBy(kernels, m, n, moved(arena, a), moved(arena, x), {
          ...options,
          out: moved(arena, y),
        });
        expect(sameBits(plain, fast)).toBe(true);
        expect(sameBits(plain, home)).toBe(true);
        const product = transpose ? gemm(1, n, m, x, a) : gemm(m, 1, n, a, x);
        for (let i = 0; i < y.length; i++) {
          expect(plain[i]).toBeCloseTo(1.5 * product[i]! - 0.5 * y[i]!, 10);
        }
        expect(sameBits(gemv(m, n, a, x, { transpose }), gemvBy(undefined, m, n, a, x, { transpose }))).toBe(
          true,
        );
      }
    }
  });

  it("of matrices have the bits of the twin, for all shapes, kinds and transposes", () => {
    const size = fc.oneof(fc.integer({ min: 0, max: 30 }), fc.constantFrom(48, 97, 200));
    const depth = fc.oneof(fc.integer({ min: 0, max: 30 }), fc.constantFrom(256, 259, 600));
    const arguments_ = fc.record({
      m: size,
      n: size,
      k: depth,
      transposeA: fc.boolean(),
      transposeB: fc.boolean(),
      alpha: fc.constantFrom(1, -0.7),
      beta: fc.constantFrom(0, 1, 0.3),
      wide: fc.boolean(),
    });
    fc.assert(
      fc.property(arguments_, ({ m, n, k, transposeA, transposeB, alpha, beta, wide }) => {
        const make: (n: number, name: number) => Floats = wide ? vector : narrow;
        const [a, b, c] = [make(m * k, 1), make(k * n, 2), make(m * n, 3)];
        const options = { transposeA, transposeB, alpha, beta };
        const plain = gemmBy(undefined, m, n, k, a, b, { ...options, out: c.slice() });
        const fast = gemmBy(kernels, m, n, k, a, b, { ...options, out: c.slice() });
        expect(sameBits(plain, fast)).toBe(true);
      }),
      { numRuns: 150, seed: 2 },
    );
  });

  it("of matrices are right, beyond one block in every direction", () => {
    const [m, n, k] = [100, 400, 300];
    const [a, b] = [vector(m * k, 1), vector(k * n, 2)];
    const expected = new Matrix(reshape(a, m, k)).mmul(new Matrix(reshape(b, k, n))).to1DArray();
    const product = gemm(m, n, k, a, b);
    expect(largest(product.map((x, i) => x - expected[i]!))).toBeLessThan(1e-12);
    const single = gemm(m, n, k, Float32Array.from(a), Float32Array.from(b));
    expect(largest(single.map((x, i) => x - expected[i]!))).toBeLessThan(1e-4);
    const wide = gemm(2, 1000, 3, vector(6), vector(3000));
    expect(sameBits(wide, gemmBy(undefined, 2, 1000, 3, vector(6), vector(3000)))).toBe(true);
  });

  it("overwrite what was there with beta 0, keep the sign of zero, and let NaN through", () => {
    const dirty = new Float64Array(100 * 100).fill(Number.NaN);
    expect(gemm(100, 100, 1, vector(100), vector(100), { out: dirty }).every(Number.isFinite)).toBe(true);
    const out = (): Float64Array => new Float64Array(81).fill(-0);
    const zeros = new Float64Array(81);
    const options = { alpha: -1, beta: 1 };
    const fast = gemmBy(kernels, 9, 9, 9, zeros, zeros, { ...options, out: out() });
    expect(sameBits(fast, gemmBy(undefined, 9, 9, 9, zeros, zeros, { ...options, out: out() }))).toBe(true);
    const poisoned = vector(100);
    poisoned[3] = Number.NaN;
    expect(gemm(100, 10, 1, poisoned, vector(10))[30]).toBeNaN();
  });

  it("say what is wrong", () => {
    expect(() => gemm(2, 2, 2, vector(3), vector(4))).toThrow(/a has 3 elements.*needs 4/);
    expect(() => gemm(2, 2, 2, vector(4), vector(5))).toThrow(/b has 5/);
    expect(() => gemm(-1, 2, 2, vector(4), vector(4))).toThrow(InvalidInput);
    expect(() => gemm<Floats>(2, 2, 2, vector(4), narrow(4))).toThrow(/mix/);
    expect(() => gemm(2, 2, 2, vector(4), vector(4), { beta: 1 })).toThrow(/out/);
    const a = vector(4);
    expect(() => gemm(2, 2, 2, a, vector(4), { out: a })).toThrow(/neither/);
    expect(() => gemv(2, 2, vector(4), vector(3))).toThrow(/x has 3/);
    expect(() => gemv(2, 2, vector(4), vector(2), { beta: 2 })).toThrow(/out/);
  });
});

describe("cholesky", () => {
  it("has the bits of the twin, and factors", () => {
    for (const n of [0, 1, 2, 3, 8, 9, 10, 33, 100]) {
      const a = definite(n);
      const l = choleskyBy(kernels, a, n);
      expect(sameBits(l, choleskyBy(undefined, a, n))).toBe(true);
      expect(sameBits(l, cholesky(a, n))).toBe(true);
      const back = gemm(n, n, n, l, l, { transposeB: true });
      expect(largest(back.map((x, i) => x - a[i]!))).toBeLessThanOrEqual(1e-14 * n * largest(a));
      for (let i = 0; i < n; i++) for (let j = i + 1; j < n; j++) expect(l[i * n + j]).toBe(0);
    }
  });

  it("writes where it is told, over the matrix too", () => {
    for (const by of [kernels, undefined]) {
      const a = definite(20);
      const l = cholesky(a, 20);
      expect(sameBits(choleskyBy(by, a, 20, { out: new Float64Array(400).fill(7) }), l)).toBe(true);
      expect(choleskyBy(by, a, 20, { out: a })).toBe(a);
      expect(sameBits(a, l)).toBe(true);
    }
    expect(() => cholesky(definite(3), 3, { out: new Float64Array(8) })).toThrow(/out has 8/);
  });

  it("solves, for one right-hand side and for several", () => {
    const n = 40;
    const a = definite(n);
    const l = cholesky(a, n);
    for (const width of [1, 3]) {
      const b = vector(n * width, 9);
      const x = solveTriangular(l, n, solveTriangular(l, n, b), { transpose: true });
      const back = gemm(n, width, n, a, x);
      expect(largest(back.map((v, i) => v - b[i]!))).toBeLessThan(1e-12 * largest(b));
    }
  });

  it("names what is wrong", () => {
    for (const n of [3, 20]) {
      const a = definite(n);
      a[2 * n + 2] = -1;
      expect(() => cholesky(a, n)).toThrow(/row 2 is not positive/);
      expect(() => cholesky(a, n)).toThrow(expect.objectContaining({ code: "NOT_POSITIVE_DEFINITE" }));
      a[2 * n + 1] = Number.NaN;
      expect(() => cholesky(a, n)).toThrow(NonFinite);
      expect(() => cholesky(a, n)).toThrow(/row 2, column 1/);
      const b = definite(n);
      b[n * n - 1] = Number.POSITIVE_INFINITY;
      expect(() => cholesky(b, n)).toThrow(NonFinite);
    }
    expect(() => cholesky(vector(5), 2)).toThrow(InvalidInput);
    expect(() => solveTriangular(Float64Array.of(1, 0, 2, 0), 2, vector(2))).toThrow(/singular.*row 1/);
    expect(() => solveTriangular(vector(4), 2, vector(3))).toThrow(/multiple/);
  });
});

describe("eigh", () => {
  function check(a: Float64Array, n: number): void {
    const { values, vectors } = eighBy(kernels, a, n);
    const plain = eighBy(undefined, a, n);
    expect(sameBits(values, plain.values)).toBe(true);
    expect(sameBits(vectors, plain.vectors)).toBe(true);
    const size = largest(a);
    const image = gemm(n, n, n, a, vectors);
    const residual = image.map((x, at) => x - values[at % n]! * vectors[at]!);
    expect(largest(residual)).toBeLessThanOrEqual(1e-14 * Math.max(n, 10) * size);
    const gram = gemm(n, n, n, vectors, vectors, { transposeA: true });
    const off = gram.map((x, at) => x - (at % (n + 1) === 0 ? 1 : 0));
    expect(largest(off)).toBeLessThan(1e-14 * Math.max(n, 10));
    for (let i = 1; i < n; i++) expect(values[i]!).toBeGreaterThanOrEqual(values[i - 1]!);
  }

  it("has the bits of the twin, a small residual and orthonormal vectors", () => {
    for (const n of [0, 1, 2, 3, 4, 5, 8, 10, 33, 100, 200]) check(symmetric(n), n);
  });

  it("writes where it is told, over the matrix too", () => {
    for (const by of [kernels, undefined]) {
      const a = symmetric(20);
      const { values, vectors } = eigh(a, 20);
      const out = { values: new Float64Array(20).fill(7), vectors: a };
      expect(eighBy(by, a, 20, { out })).toEqual(out);
      expect(sameBits(out.values, values) && sameBits(out.vectors, vectors)).toBe(true);
    }
    expect(() => eigh(symmetric(3), 3, { out: { values: vector(2), vectors: vector(9) } })).toThrow(
      /values has 2/,
    );
  });

  it("agrees with another library", () => {
    const n = 30;
    const a = symmetric(n);
    const peer = new EigenvalueDecomposition(new Matrix(reshape(a, n, n)), { assumeSymmetric: true });
    const expected = [...peer.realEigenvalues].sort((x, y) => x - y);
    const { values } = eigh(a, n);
    for (let i = 0; i < n; i++) expect(values[i]).toBeCloseTo(expected[i]!, 11);
  });

  it("treats special matrices: zero, identity, rank one, repeated, graded, tiny and huge", () => {
    const n = 12;
    const diagonal = (f: (i: number) => number): Float64Array => {
      const a = new Float64Array(n * n);
      for (let i = 0; i < n; i++) a[i * n + i] = f(i);
      return a;
    };
    const x = vector(n, 5);
    const outer = gemm(n, n, 1, x, x);
    const blocks = diagonal(() => 0);
    for (let i = 0; i + 1 < n; i += 2) blocks[i * n + i + 1] = blocks[(i + 1) * n + i] = 1;
    for (const a of [
      diagonal(() => 0),
      diagonal(() => 1),
      diagonal((i) => n - i),
      new Float64Array(n * n).fill(1),
      outer,
      blocks,
      diagonal((i) => 10 ** -i),
      symmetric(n).map((v) => v * 1e-300),
      symmetric(n).map((v) => v * 1e300),
      symmetric(n).map((v) => v * 2 ** -1020),
      gemm(
        n,
        n,
        n,
        diagonal((i) => 10 ** (-8 * i)),
        symmetric(n),
      ).map((_, at, all) => all[Math.max(at, (at % n) * n + Math.floor(at / n))]!),
    ]) {
      if (largest(a) > 1e-290 && largest(a) < 1e290) check(a, n);
      else {
        const { values } = eighBy(kernels, a, n);
        expect(values.every(Number.isFinite)).toBe(true);
        expect(sameBits(values, eighBy(undefined, a, n).values)).toBe(true);
        const scale = largest(a) || 1;
        const trace = values.reduce((sum, v) => sum + v / scale, 0);
        const expected = a.reduce((sum, v, at) => sum + (at % (n + 1) === 0 ? v / scale : 0), 0);
        expect(trace).toBeCloseTo(expected, 10);
      }
    }
  });

  it("names what is wrong", () => {
    const a = symmetric(6);
    a[4 * 6 + 2] = Number.NEGATIVE_INFINITY;
    expect(() => eigh(a, 6)).toThrow(NonFinite);
    expect(() => eigh(a, 6)).toThrow(/row 4, column 2/);
    a[4 * 6 + 2] = Number.NaN;
    expect(() => eigh(a, 6)).toThrow(/NaN in row 4, column 2/);
    expect(() => eigh(a, 5)).toThrow(FpxError);
    expect(() => eigh(a, 1.5)).toThrow(InvalidInput);
  });
});

function reshape(a: Float64Array, rows: number, columns: number): number[][] {
  return Array.from({ length: rows }, (_, i) => [...a.subarray(i * columns, (i + 1) * columns)]);
}
