import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { InvalidInput, NonFinite } from "../core/errors.ts";
import { createRng } from "../random/index.ts";
import { createKernels } from "../wasm/index.ts";
import { gemm } from "./gemm.ts";
import { createPencils, type Pencils, pencilsBy } from "./pencil.ts";
import { decompose3 } from "./pencil3.ts";

const kernels = createKernels()!;
const rng = createRng(31);

function symmetric(n: number, name: number, deviation = 1): Float64Array {
  const a = rng.stream("symmetric", n, name).normals(n * n);
  for (let i = 0; i < n; i++)
    for (let j = 0; j <= i; j++) a[i * n + j] = a[j * n + i] = deviation * a[i * n + j]!;
  return a;
}

/** G G' / n + I / 10 */
function definite(n: number, name: number): Float64Array {
  const g = rng.stream("definite", n, name).normals(n * n);
  const a = gemm(n, n, n, g, g, { transposeB: true, alpha: 1 / n });
  for (let i = 0; i < n; i++) a[i * n + i]! += 0.1;
  return a;
}

const some = (count: number, make: (i: number) => Float64Array): Float64Array =>
  Float64Array.from(Array.from({ length: count }, (_, i) => [...make(i)]).flat());

/** All operations on `count` pairs, of which every fourth ratio is near its base. */
function everything(pencils: Pencils, n: number, count: number, shared = false): Float64Array[] {
  const size = n * n;
  const p = some(shared ? 1 : count, (i) => definite(n, i));
  const q = some(count, (i) =>
    i % 4 === 0
      ? symmetric(n, i, 1e-3).map((x, k) => x + p[(shared ? 0 : i * size) + k]!)
      : definite(n, 1000 + i),
  );
  const x = some(count, (i) => symmetric(n, i));
  const results = Array.from({ length: 3 }, () => new Float64Array(count * size));
  pencils.exp(count, p, x, results[0]!);
  pencils.log(count, p, q, results[1]!);
  pencils.carry(count, p, q, x, results[2]!);
  const first = p.slice(0, size);
  const sum = new Float64Array(size);
  const norms = new Float64Array(count);
  const points = Array.from({ length: count }, (_, i) => q.slice(i * size, (i + 1) * size));
  const weights = Float64Array.from(points, (_, i) => 1 / (i + 2));
  pencils.sumOfLogs(first, points, weights, sum, norms);
  const moved = points[0]!.slice();
  pencils.unwhiten(first, moved);
  const numbers = Float64Array.of(
    pencils.distance(first, points.at(-1)!),
    pencils.inner(first, points[0]!, points.at(-1)!),
    pencils.inner(first, moved, moved),
  );
  return [...results, sum, norms, moved, numbers];
}

describe("pencils", () => {
  it("have the bits of the twin", () => {
    for (const n of [1, 2, 4, 5, 7, 8, 10, 11, 16, 31, 66])
      expect(
        everything(
          pencilsBy(() => kernels, n),
          n,
          n > 20 ? 2 : 5,
        ),
      ).toEqual(
        everything(
          pencilsBy(() => undefined, n),
          n,
          n > 20 ? 2 : 5,
        ),
      );
  });

  it("give every pair the bits that it gets alone", () => {
    for (const [n, count] of [
      [1, 70],
      [2, 130],
      [3, 130],
      [4, 67],
      [10, 66],
      [30, 11],
    ] as const)
      for (const shared of [false, true]) {
        const pencils = createPencils(n);
        const size = n * n;
        const p = some(shared ? 1 : count, (i) => definite(n, i));
        const q = some(count, (i) => definite(n, 500 + i));
        const x = some(count, (i) => symmetric(n, i));
        const pair = (a: Float64Array, i: number) =>
          a.length === size ? a : a.slice(i * size, (i + 1) * size);
        const many = [0, 1, 2].map(() => new Float64Array(count * size));
        pencils.exp(count, p, x, many[0]!);
        pencils.log(count, p, q, many[1]!);
        pencils.carry(count, p, q, x, many[2]!);
        for (let i = 0; i < count; i++) {
          const [base, ratio, vector] = [pair(p, i), pair(q, i), pair(x, i)];
          const out = new Float64Array(size);
          pencils.exp(1, base, vector, out);
          expect(out).toEqual(pair(many[0]!, i));
          pencils.log(1, base, ratio, out);
          expect(out).toEqual(pair(many[1]!, i));
          pencils.carry(1, base, ratio, vector, out);
          expect(out).toEqual(pair(many[2]!, i));
        }
        // In place.
        pencils.exp(count, p, x, x);
        expect(x).toEqual(many[0]);
      }
  });

  it("of order 3 have an orthonormal eigenbasis in closed form, whatever the spectrum", () => {
    const value = fc.oneof(
      fc.constantFrom(0, 1, -1, 1 + 1e-15, 1 + 1e-8),
      fc.double({ min: -3, max: 3, noNaN: true }),
    );
    const angle = fc.double({ min: 0, max: 7, noNaN: true });
    fc.assert(
      fc.property(
        fc.tuple(value, value, value),
        fc.tuple(angle, angle, angle),
        // Squares of the last ones vanish or overflow.
        fc.constantFrom(1, 1e-12, 1e9, 1e-170, 1e200),
        (eigenvalues, angles, unit) => {
          const a = rotated(eigenvalues, angles).map((x) => x * unit);
          const m = new Float64Array(100);
          m.set(identity3);
          m.set(a, 9);
          expect(decompose3(m, 3, 1, 0, false, 9, false, 18, 27, 36, 39, 40)).toBe(1);
          const rows = m.slice(27, 36);
          const scaled = rows.map((x, k) => x * m[36 + Math.floor(k / 3)]!);
          const again = gemm(3, 3, 3, rows, scaled, { transposeA: true });
          const gram = gemm(3, 3, 3, rows, rows, { transposeB: true });
          for (let k = 0; k < 9; k++) {
            expect(Math.abs(again[k]! - a[k]!)).toBeLessThan(2e-14 * unit);
            expect(Math.abs(gram[k]! - identity3[k]!)).toBeLessThan(4e-15);
          }
        },
      ),
      { seed: 1, numRuns: 1000 },
    );
  });

  it("of order 3 agree with the general way", () => {
    const [closed, general] = [
      everything(createPencils(3), 3, 40),
      everything(
        pencilsBy(() => kernels, 3, false),
        3,
        40,
      ),
    ];
    for (const [i, result] of closed.entries())
      for (const [k, entry] of result.entries())
        expect(Math.abs(entry - general[i]![k]!)).toBeLessThan(1e-11 * Math.max(1, Math.abs(entry)));
  });

  it("say which pair is wrong, and how", () => {
    for (const n of [2, 3, 4]) {
      const pencils = createPencils(n);
      const size = n * n;
      const count = 100;
      const out = new Float64Array(count * size);
      const good = () => some(count, (i) => definite(n, i));
      const broken = (value: number) => {
        const a = good();
        a[71 * size] = value;
        return a;
      };
      expect(() => pencils.exp(count, broken(-1), good(), out)).toThrow(
        /^pair 71: the matrix is not positive definite: the pivot of row 0/,
      );
      expect(() => pencils.exp(count, broken(-1), good(), out)).toThrow(InvalidInput);
      expect(() => pencils.exp(count, good(), broken(Number.NaN), out)).toThrow(NonFinite);
      expect(() => pencils.exp(count, good(), broken(Number.NaN), out)).toThrow(
        /^pair 71: the matrix is NaN in row 0, column 0/,
      );
      expect(() => pencils.exp(count, broken(Number.POSITIVE_INFINITY), good(), out)).toThrow(
        /^pair 71: the matrix is Infinity/,
      );
      expect(() => pencils.log(count, good(), broken(-1), out)).toThrow(
        /^pair 71: the matrix is not positive definite/,
      );
      expect(() => pencils.carry(count, good(), good(), broken(Number.NaN), out)).toThrow(/^pair 71: .* NaN/);
      expect(() => pencils.distance(definite(n, 1), new Float64Array(size))).toThrow(
        /^the matrix is not positive definite/,
      );
      expect(() => pencils.inner(new Float64Array(size), out, out)).toThrow(/^the matrix is not positive/);
    }
    expect(() => createPencils(1.5)).toThrow(/n is 1.5/);
  });

  /** The kernels, the plain loops, and the closed form of order 3. */
  const paths = [
    { n: 2, pencils: pencilsBy(() => kernels, 2) },
    { n: 5, pencils: pencilsBy(() => kernels, 5) },
    { n: 2, pencils: pencilsBy(() => undefined, 2) },
    { n: 3, pencils: pencilsBy(() => kernels, 3, false) },
    { n: 3, pencils: createPencils(3) },
  ];
  const diagonal = (n: number, ...values: readonly number[]): Float64Array =>
    Float64Array.from({ length: n * n }, (_, k) =>
      k % (n + 1) === 0 ? values[Math.min(k / (n + 1), values.length - 1)]! : 0,
    );
  /** The first two directions turned by 45 degrees. */
  const turned = (n: number, a: number, b: number): Float64Array => {
    const out = diagonal(n, (a + b) / 2);
    out[1] = out[n] = (a - b) / 2;
    return out;
  };
  const refused = (run: () => unknown, message: RegExp): void => {
    expect(run).toThrow(NonFinite);
    expect(run).toThrow(message);
  };

  it("refuse ratios that overflow or underflow, by every path", () => {
    for (const { n, pencils } of paths) {
      const at = (...values: readonly number[]) => diagonal(n, ...values);
      const out = at(0);
      refused(
        () => pencils.distance(at(1e-300), at(1e300)),
        /^the ratio .* overflows: entries of P reach 1.00e-300, entries of Q reach 1.00e\+300: bring both to a common size/,
      );
      refused(() => pencils.distance(at(1e300), at(1e-300)), /^the ratio .* underflows/);
      refused(() => pencils.log(1, at(1, 1e-300), at(1, 1e300), out), /^the ratio .* overflows/);
      refused(() => pencils.carry(1, at(1, 1e300), at(1, 1e-300), out, out), /^the ratio .* underflows/);
      refused(() => pencils.exp(1, at(1e-300), at(1e300), out), /^P\^-1 X overflows.* shorter/);
      expect(() => pencils.distance(at(1e-300), at(-1e300))).toThrow(/not positive definite/);
      // What can be said is said.
      expect(pencils.distance(at(1e-150), at(1e150))).toBeCloseTo(Math.sqrt(n) * 300 * Math.LN10, 9);
      expect(pencils.distance(at(1e308), at(1e308))).toBe(0);
      const middle = 150 + Math.log10((1 + 1e-8) / 2);
      const far = Math.hypot(300, 292, ...Array<number>(n - 2).fill(150 + middle)) * Math.LN10;
      expect(pencils.distance(at(1e-150), turned(n, 1e150, 1e142))).toBeCloseTo(far, 5);
    }
  });

  it("refuse results that overflow or underflow, by every path, and name the pair", () => {
    for (const { n, pencils } of paths) {
      const size = n * n;
      const at = (...values: readonly number[]) => diagonal(n, ...values);
      const count = 70;
      const many = (last: Float64Array) =>
        some(count, (i) => (i === count - 1 ? last : symmetric(n, i, 1e-3)));
      const out = new Float64Array(count * size);
      const exp = (p: Float64Array, x: Float64Array) => () => pencils.exp(1, p, x, out.subarray(0, size));
      for (const x of [at(0, 800), turned(n, 0, 800)])
        refused(() => pencils.exp(count, at(1), many(x), out), /^pair 69: exp overflows: .* 800.* shorter/);
      for (const x of [at(0, -800), turned(n, 0, -800)])
        refused(() => pencils.exp(count, at(1), many(x), out), /^pair 69: exp underflows: .* -800.* shorter/);
      refused(exp(at(1e300), at(20e300)), /^exp overflows: .* 20.0: entries of P reach 1.00e\+300/);
      refused(exp(at(1e-300), at(-30e-300)), /^exp underflows: .* -30.0: entries of P reach 1.00e-300/);
      for (const x of [at(0, 1e305), turned(n, 1e305, -1e305)])
        refused(
          () => pencils.carry(count, at(1), at(1e10), many(x), out),
          /^pair 69: the transported vector overflows: entries of X reach 1.00e\+305/,
        );
      refused(
        () => pencils.carry(count, at(1), at(1e10), many(at(1, Number.NaN)), out),
        /^pair 69: the matrix is NaN in row 1, column 1/,
      );
      refused(
        () => pencils.log(1, at(1, 1e308, 1), at(1, 1e300, 1), out.subarray(0, size)),
        /^log overflows: entries of P reach 1.00e\+308: divide both matrices by a common size/,
      );
      const sum = (weight: number) => () =>
        pencils.sumOfLogs(at(1e300), [at(2e300)], [weight], out.subarray(0, size));
      refused(sum(Number.NaN), /^weights\[0\] is NaN/);
      refused(sum(1e300), /^the sum of logarithms overflows/);
      refused(() => pencils.inner(at(1), at(1), at(1, Number.NaN)), /NaN in row 1, column 1/);
      refused(() => pencils.inner(at(1), at(1e200), at(1e200)), /^the inner product overflows/);
      refused(() => pencils.unwhiten(at(1), at(Number.NaN)), /NaN in row 0/);
      refused(() => pencils.unwhiten(at(1e10), at(1e300)), /overflows/);
    }
  });
});

const identity3 = Float64Array.of(1, 0, 0, 0, 1, 0, 0, 0, 1);

/** R diag(values) R' with three turns. */
function rotated(
  values: readonly [number, number, number],
  [x, y, z]: readonly [number, number, number],
): Float64Array {
  const turn = (i: number, j: number, angle: number): Float64Array => {
    const r = identity3.slice();
    r[i * 3 + i] = r[j * 3 + j] = Math.cos(angle);
    r[i * 3 + j] = -Math.sin(angle);
    r[j * 3 + i] = Math.sin(angle);
    return r;
  };
  const r = gemm(3, 3, 3, gemm(3, 3, 3, turn(0, 1, x), turn(1, 2, y)), turn(0, 1, z));
  const scaled = r.map((entry, k) => entry * values[k % 3]!);
  const a = gemm(3, 3, 3, scaled, r, { transposeB: true });
  for (let i = 0; i < 3; i++) for (let j = 0; j < i; j++) a[j * 3 + i] = a[i * 3 + j]!;
  return a;
}
