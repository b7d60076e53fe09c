import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { InvalidInput, NonFinite } from "../core/errors.ts";
import { createRng } from "../random/index.ts";
import { createKernels } from "../wasm/index.ts";
import { gemm } from "./gemm.ts";
import { createPencils, type Pencils, pencilsBy, type SpectralFunction } from "./pencil.ts";

const kernels = createKernels()!;
const rng = createRng(31);
const LOG: SpectralFunction = { of: Math.log, near: Math.log1p };

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
  pencils.apply(Math.exp, count, p, x, results[0]!);
  pencils.applyRatio(LOG, count, p, q, results[1]!);
  pencils.carry(count, p, q, x, results[2]!);
  const first = p.slice(0, size);
  const sum = new Float64Array(size);
  const norms = new Float64Array(count);
  const points = Array.from({ length: count }, (_, i) => q.slice(i * size, (i + 1) * size));
  const weights = Float64Array.from(points, (_, i) => 1 / (i + 2));
  pencils.sum(LOG, first, points, weights, sum, norms);
  const moved = points[0]!.slice();
  pencils.unwhiten(first, moved);
  const numbers = Float64Array.of(
    pencils.norm(LOG, first, points.at(-1)!),
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
        pencils.apply(Math.exp, count, p, x, many[0]!);
        pencils.applyRatio(LOG, count, p, q, many[1]!);
        pencils.carry(count, p, q, x, many[2]!);
        for (let i = 0; i < count; i++) {
          const [base, ratio, vector] = [pair(p, i), pair(q, i), pair(x, i)];
          const out = new Float64Array(size);
          pencils.apply(Math.exp, 1, base, vector, out);
          expect(out).toEqual(pair(many[0]!, i));
          pencils.applyRatio(LOG, 1, base, ratio, out);
          expect(out).toEqual(pair(many[1]!, i));
          pencils.carry(1, base, ratio, vector, out);
          expect(out).toEqual(pair(many[2]!, i));
        }
        // In place.
        pencils.apply(Math.exp, count, p, x, x);
        expect(x).toEqual(many[0]);
      }
  });

  it("of order 3 by the closed form agree with the general way, whatever the spectrum", () => {
    const closed = createPencils(3);
    const general = pencilsBy(() => kernels, 3, false);
    const value = fc.oneof(
      fc.constantFrom(0, 1, -1, 1 + 1e-15, 1 + 1e-8),
      fc.double({ min: -3, max: 3, noNaN: true }),
    );
    const angle = fc.double({ min: 0, max: 7, noNaN: true });
    fc.assert(
      fc.property(
        fc.tuple(value, value, value),
        fc.tuple(angle, angle, angle),
        fc.constantFrom(1, 1e-12, 1e-170, 1e9),
        (values, angles, unit) => {
          const a = rotated(values, angles).map((x) => x * unit);
          const base = definite(3, 1);
          for (const f of [
            (v: number) => v,
            (v: number) => Math.abs(v),
            (v: number) => v / (1 + Math.abs(v)),
          ]) {
            const [left, right] = [new Float64Array(9), new Float64Array(9)];
            closed.apply(f, 1, base, a, left);
            general.apply(f, 1, base, a, right);
            for (let k = 0; k < 9; k++)
              expect(Math.abs(left[k]! - right[k]!)).toBeLessThan(1e-12 * unit + 1e-300);
          }
        },
      ),
      { seed: 1, numRuns: 1000 },
    );
  });

  it("of order 3 take numbers whose squares overflow", () => {
    const out = new Float64Array(9);
    const a = symmetric(3, 5).map((x) => x * 1e200);
    createPencils(3).apply((v) => v, 1, Float64Array.of(1, 0, 0, 0, 1, 0, 0, 0, 1), a, out);
    for (let k = 0; k < 9; k++) expect(Math.abs(out[k]! - a[k]!)).toBeLessThan(1e187);
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
      expect(() => pencils.apply(Math.exp, count, broken(-1), good(), out)).toThrow(
        /^pair 71: the matrix is not positive definite: the pivot of row 0/,
      );
      expect(() => pencils.apply(Math.exp, count, broken(-1), good(), out)).toThrow(InvalidInput);
      expect(() => pencils.apply(Math.exp, count, good(), broken(Number.NaN), out)).toThrow(NonFinite);
      expect(() => pencils.apply(Math.exp, count, good(), broken(Number.NaN), out)).toThrow(
        /^pair 71: the matrix is NaN in row 0, column 0/,
      );
      expect(() => pencils.apply(Math.exp, count, broken(Number.POSITIVE_INFINITY), good(), out)).toThrow(
        /^pair 71: the matrix is Infinity/,
      );
      expect(() => pencils.applyRatio(LOG, count, good(), broken(-1), out)).toThrow(
        /^pair 71: the matrix is not positive definite/,
      );
      expect(() => pencils.carry(count, good(), good(), broken(Number.NaN), out)).toThrow(/^pair 71: .* NaN/);
      expect(() => pencils.norm(LOG, definite(n, 1), new Float64Array(size))).toThrow(
        /^the matrix is not positive definite/,
      );
      expect(() => pencils.inner(new Float64Array(size), out, out)).toThrow(/^the matrix is not positive/);
    }
    expect(() => createPencils(1.5)).toThrow(/n is 1.5/);
  });
});

/** R diag(values) R' with three turns. */
function rotated(
  values: readonly [number, number, number],
  [x, y, z]: readonly [number, number, number],
): Float64Array {
  const turn = (i: number, j: number, angle: number): Float64Array => {
    const r = Float64Array.of(1, 0, 0, 0, 1, 0, 0, 0, 1);
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
