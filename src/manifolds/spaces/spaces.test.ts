import { describe, expect, it } from "vitest";
import { createRng } from "../../random/index.ts";
import { riemaconXi, zeta, zetaOf } from "./curvature.ts";
import { euclidean } from "./euclidean.ts";
import { fromPoincare, hyperbolic, toPoincare } from "./hyperbolic.ts";
import {
  combine,
  geodesic,
  type Manifold,
  randomDirection,
  randomPoint,
  randomVector,
  requirePoint,
  scale,
  weightedLog,
} from "./manifold.ts";
import { product } from "./product.ts";
import { logdet, spd } from "./spd.ts";

const EPS = 2.220446049250313e-16;
const spaces: readonly Manifold[] = [
  euclidean(4),
  hyperbolic(1),
  hyperbolic(2),
  hyperbolic(5),
  spd(1),
  spd(2),
  spd(3),
  spd(6),
  product([hyperbolic(2), spd(2), euclidean(2)], [0.5, 2, 1]),
];
const rng = createRng(11);

/** The identities of test 1; each figure is the error over the scale it may be compared with. */
function identities(M: Manifold, p: Float64Array, q: Float64Array, index: number) {
  const v = M.log(p, q);
  const d = M.dist(p, q);
  const X = randomVector(M, p, rng.stream("X", index));
  const Y = randomVector(M, p, rng.stream("Y", index));
  const [GX, GY] = [M.parallelTransport(p, q, X), M.parallelTransport(p, q, Y)];
  const back = combine(1, M.parallelTransport(p, q, v), 1, M.log(q, p));
  const sizes = M.norm(p, X) * M.norm(p, Y);
  return {
    expLog: M.dist(M.exp(p, v), q) / Math.max(1, d),
    length: Math.abs(M.norm(p, v) - d) / Math.max(1, d),
    symmetry: Math.abs(M.dist(q, p) - d) / Math.max(1, d),
    isometry: Math.abs(M.inner(q, GX, GY) - M.inner(p, X, Y)) / sizes,
    reversal: M.norm(q, back) / Math.max(1, d),
    midpoint: Math.abs(M.dist(p, geodesic(M, p, q, 0.5)) - d / 2) / Math.max(1, d),
  };
}

describe("test 1: identities", () => {
  for (const M of spaces)
    it(`hold on ${M.name} within 1e-10, also near distance zero`, () => {
      for (let i = 0; i < 50; i++) {
        const p = randomPoint(M, rng.stream("p", i), 0.8 / Math.sqrt(M.dim));
        for (const far of [1, 1e-3, 1e-6, 1e-9, 0]) {
          const q = M.exp(p, scale(far, randomDirection(M, p, rng.stream("q", i))));
          for (const [what, error] of Object.entries(identities(M, p, q, i)))
            expect(error, `${what} at ${far}`).toBeLessThan(1e-10);
          expect(Math.abs(M.dist(p, q) - far)).toBeLessThan(1e-13 + 1e-13 * far);
        }
      }
    });

  for (const M of spaces)
    it(`and both cosine inequalities hold on ${M.name}`, () => {
      for (let i = 0; i < 50; i++) {
        const [x, y, z] = [0, 1, 2].map((k) =>
          randomPoint(M, rng.stream("corner", i, k), 1 / Math.sqrt(M.dim)),
        ) as [Float64Array, Float64Array, Float64Array];
        const twice = 2 * M.inner(x, M.log(x, y), M.log(x, z));
        const [xy, xz, yz] = [M.dist(x, y), M.dist(x, z), M.dist(y, z)];
        expect(twice).toBeLessThanOrEqual(zetaOf(M, xz) * xy ** 2 + xz ** 2 - yz ** 2 + 1e-10);
        expect(twice).toBeGreaterThanOrEqual(xy ** 2 + xz ** 2 - yz ** 2 - 1e-10);
        expect(M.norm(x, combine(1, M.log(x, y), -1, M.log(x, z)))).toBeLessThanOrEqual(yz + 1e-10);
      }
    });

  it("hold on the hyperboloid up to distance 15, within 1000 eps cosh cosh", () => {
    for (const n of [1, 2, 5, 20]) {
      const M = hyperbolic(n);
      for (let i = 0; i < 40; i++)
        for (const radius of [3, 8, 15]) {
          const p = M.exp(M.origin, scale(radius, randomDirection(M, M.origin, rng.stream("far", i))));
          const others = [
            M.origin,
            M.exp(M.origin, scale(radius, randomDirection(M, M.origin, rng.stream("other", i)))),
            M.exp(p, randomDirection(M, p, rng.stream("near", i))),
            M.exp(p, scale(1e-6, randomDirection(M, p, rng.stream("nearer", i)))),
          ];
          // From near the origin outwards.
          for (const near of [0.5, 1, 1.3, 2]) {
            const from = M.exp(M.origin, scale(near, randomDirection(M, M.origin, rng.stream("close", i))));
            const back = M.exp(from, M.log(from, p));
            expect(M.dist(back, p), `from ${near} to ${radius} on H^${n}`).toBeLessThan(
              Math.max(1000 * EPS * from[0]! * p[0]!, 1e-10),
            );
          }
          for (const [k, q] of others.entries()) {
            for (const [what, error] of Object.entries(identities(M, p, q, i))) {
              // Far out, the direction of a tangent vector is known to eps cosh d(o, p) only, and exp multiplies that by
              // sinh d(p, q) / d(p, q): on the way back to the origin no more can be had from ambient coordinates.
              const back = k === 0 && (what === "expLog" || what === "midpoint");
              const bound = 1000 * EPS * p[0]! * (back ? p[0]! : q[0]!);
              expect(error, `${what} on H^${n} at ${radius}, other ${k}`).toBeLessThan(
                Math.max(bound, 1e-10),
              );
            }
          }
        }
    }
  });

  it("keep lengths of logarithms and distances far out much better than that", () => {
    const M = hyperbolic(3);
    for (let i = 0; i < 40; i++) {
      const p = M.exp(M.origin, scale(15, randomDirection(M, M.origin, rng.stream("far", i))));
      expect(Math.abs(M.dist(p, M.origin) - 15)).toBeLessThan(1e-13);
      const q = M.exp(p, scale(0.5, randomDirection(M, p, rng.stream("near", i))));
      expect(Math.abs(M.norm(p, M.log(p, q)) - M.dist(p, q))).toBeLessThan(50 * EPS * p[0]!);
    }
  });

  it("hold on SPD for condition numbers up to 1e8, within 1000 eps cond", () => {
    for (const n of [2, 3, 10, 30]) {
      const M = spd(n);
      for (let i = 0; i < (n > 9 ? 5 : 30); i++)
        for (const condition of [1e4, 1e6, 1e8]) {
          const [p, q] = [ill(M, n, condition, 2 * i), ill(M, n, condition, 2 * i + 1)] as const;
          const bound = Math.max(1e-10, 1000 * EPS * condition);
          for (const other of [
            q,
            M.exp(p, scale(1e-4, randomDirection(M, p, rng.stream("near", i)))),
            M.origin,
          ])
            for (const [what, error] of Object.entries(identities(M, p, other, i)))
              expect(error, `${what} on SPD(${n}), condition ${condition}`).toBeLessThan(bound);
        }
    }
  });
});

/** Q diag(1 ... 1/condition) Q' with a random rotation. */
function ill(M: Manifold, n: number, condition: number, index: number): Float64Array {
  // The exponential of a random symmetric matrix has random eigenvectors; rescale its spectrum.
  const skew = rng.stream("rotation", index).normals(n * n);
  const q = new Float64Array(n * n);
  for (let i = 0; i < n; i++) {
    for (let k = 0; k < n; k++) q[i * n + k] = skew[i * n + k]!;
    for (let pass = 0; pass < 2; pass++)
      for (let j = 0; j < i; j++) {
        let along = 0;
        for (let k = 0; k < n; k++) along += q[i * n + k]! * q[j * n + k]!;
        for (let k = 0; k < n; k++) q[i * n + k]! -= along * q[j * n + k]!;
      }
    const length = Math.hypot(...q.subarray(i * n, i * n + n));
    for (let k = 0; k < n; k++) q[i * n + k]! /= length;
  }
  const out = new Float64Array(n * n);
  for (let l = 0; l < n; l++) {
    const value = condition ** (-l / (n - 1));
    for (let i = 0; i < n; i++)
      for (let j = 0; j < n; j++) out[i * n + j]! += value * q[l * n + i]! * q[l * n + j]!;
  }
  return M.project(out, out);
}

describe("test 2: numbers", () => {
  it("of curvature", () => {
    expect(zeta(-1, 1)).toBeCloseTo(1.313035285499, 11);
    expect(zeta(-0.5, 2)).toBeCloseTo(1.59189165552, 11);
    expect(riemaconXi(hyperbolic(2), 1)).toBeCloseTo(5.2985177658, 9);
    expect(zeta(0, 5)).toBe(1);
    expect(() => zeta(-1, -1)).toThrow(/distance D/);
  });

  it("of SPD matrices", () => {
    const S = spd(2);
    const close = (a: Float64Array, b: readonly number[]) =>
      b.forEach((value, i) => void expect(a[i]).toBeCloseTo(value, 9));
    const [a, b] = [Float64Array.of(1, 0, 0, 4), Float64Array.of(4, 0, 0, 1)];
    expect(S.dist(a, b)).toBeCloseTo(1.960516286937, 11);
    close(geodesic(S, a, b, 0.5), [2, 0, 0, 2]);
    const [p, q] = [Float64Array.of(2, 1, 1, 2), Float64Array.of(1, 0, 0, 3)];
    expect(S.dist(p, q)).toBeCloseTo(1.124816622306, 11);
    close(S.log(p, q), [-1.503099437, -1.2024795496, -1.2024795496, 0.3006198874]);
    close(
      S.parallelTransport(p, q, Float64Array.of(1, 0.5, 0.5, -1)),
      [0.4523809524, 0.4285714286, 0.4285714286, -2.3571428571],
    );
    close(geodesic(S, p, q, 0.5), [1.3887301497, 0.4629100499, 0.4629100499, 2.3145502494]);
    expect(logdet(p, 2)).toBeCloseTo(Math.log(3), 14);
  });

  it("of the hyperbolic plane", () => {
    const H = hyperbolic(2);
    const p = H.exp(H.origin, Float64Array.of(0, 1, 0));
    const q = H.exp(H.origin, Float64Array.of(0, 0, 2));
    expect(H.dist(p, q)).toBeCloseTo(2.444428949861, 11);
    [-2.2210271073, -2.9162869619, 1.5503111488].forEach(
      (value, i) => void expect(H.log(p, q)[i]).toBeCloseTo(value, 9),
    );
    [2.8273985015, 0.626312729, 2.932902087].forEach(
      (value, i) => void expect(H.parallelTransport(p, q, Float64Array.of(0, 0, 1))[i]).toBeCloseTo(value, 9),
    );
  });
});

describe("test 3: curvature", () => {
  it("of SPD(2): a right triangle at the identity closes as in curvature -1/2", () => {
    const S = spd(2);
    const [a, b] = [1.3, 0.9];
    const h = Math.SQRT1_2;
    const p = S.exp(S.origin, Float64Array.of(a * h, 0, 0, -a * h));
    const q = S.exp(S.origin, Float64Array.of(0, b * h, b * h, 0));
    expect(S.dist(p, q)).toBeCloseTo(Math.acosh(Math.cosh(a * h) * Math.cosh(b * h)) * Math.SQRT2, 11);
    expect(S.dist(p, q)).toBeCloseTo(1.646090120831, 11);
  });

  it("of a weighted product is divided by the weights, and bounds no flat plane away", () => {
    const M = product([hyperbolic(2), spd(2)], [0.25, 1]);
    expect(M.sectionalCurvatureMin).toBe(-4);
    expect(M.sectionalCurvatureMax).toBe(0);
  });
});

describe("gradients and frames", () => {
  for (const M of [...spaces, spd(12)])
    it(`weightedLog of ${M.name} adds up logarithms, near and far`, () => {
      const p = randomPoint(M, rng.stream("center"), 0.4);
      const points = [1, 0.3, 1e-7, 0].map((far, i) =>
        M.exp(p, scale(far, randomDirection(M, p, rng.stream("spoke", i)))),
      );
      const weights = [0.5, -2, 1e6, 0];
      const distances = new Float64Array(4);
      const sum = weightedLog(M, p, points, weights, distances);
      const terms = points.map((q, i) => scale(weights[i]!, M.log(p, q)));
      const whole = terms.reduce((a, b) => combine(1, a, 1, b));
      expect(M.norm(p, combine(1, sum, -1, whole))).toBeLessThan(1e-9);
      for (const [i, q] of points.entries()) expect(distances[i]).toBeCloseTo(M.dist(p, q), 13);
    });

  for (const M of spaces)
    it(`egrad2rgrad of ${M.name} is the gradient`, () => {
      const p = randomPoint(M, rng.stream("at", 1), 0.5);
      const G = M.project(p, rng.stream("G").normals(M.size));
      const X = randomVector(M, p, rng.stream("along"));
      // The linear function a -> sum G_i a_i has directional derivative sum G_i X_i.
      const slope = G.reduce((sum, value, i) => sum + value * X[i]!, 0);
      expect(M.inner(p, M.egrad2rgrad(p, G), X)).toBeCloseTo(slope, 9);
    });

  for (const M of spaces)
    it(`vectorFrom of ${M.name} is an isometry`, () => {
      const p = randomPoint(M, rng.stream("at", 2), 0.5);
      const c = rng.stream("c").normals(M.dim);
      const e = rng.stream("e").normals(M.dim);
      const dot = c.reduce((sum, value, i) => sum + value * e[i]!, 0);
      expect(M.inner(p, M.vectorFrom(p, c), M.vectorFrom(p, e))).toBeCloseTo(dot, 10);
    });
});

describe("what is no point", () => {
  it("is refused by name", () => {
    const H = hyperbolic(2);
    const S = spd(2);
    expect(() => requirePoint(S, "x0", Float64Array.of(1, 0, 0, -1))).toThrow(
      /x0 is not a positive definite matrix/,
    );
    expect(() => requirePoint(S, "x0", Float64Array.of(1, 0.5, 0, 1))).toThrow(/not symmetric/);
    expect(() => requirePoint(S, "x0", Float64Array.of(1, Number.NaN, 0, 1))).toThrow(/x0 is NaN in place 1/);
    expect(() => requirePoint(H, "x0", Float64Array.of(1, 1, 1))).toThrow(/off the hyperboloid/);
    expect(() => requirePoint(H, "x0", Float64Array.of(-1, 0, 0))).toThrow(/upper sheet/);
    expect(() => requirePoint(H, "x0", Float64Array.of(1, 0))).toThrow(/2 numbers, but H\^2 needs 3/);
    expect(() => requirePoint(product([H, S]), "x0", Float64Array.of(1, 0, 0, 1, 0, 0, 0))).toThrow(
      /factor 1/,
    );
    expect(() => S.log(Float64Array.of(1, 0, 0, -1), S.origin)).toThrow(/not positive definite/);
    expect(() => S.log(S.origin, Float64Array.of(1, 0, 0, -1))).toThrow(/not positive definite/);
    expect(() => S.exp(S.origin, Float64Array.of(1))).toThrow(/1 numbers/);
    expect(() => hyperbolic(0)).toThrow(/n is 0/);
    expect(() => product([H], [-1])).toThrow(/weights\[0\]/);
  });
});

describe("the Poincaré ball", () => {
  it("is the hyperboloid in other coordinates", () => {
    const H = hyperbolic(3);
    const half = fromPoincare(Float64Array.of(0.5, 0, 0));
    expect(H.dist(H.origin, half)).toBeCloseTo(Math.log(3), 14);
    for (let i = 0; i < 30; i++) {
      const [a, b] = [0, 1].map((k) => {
        const [length] = rng.stream("length", i, k).uniforms(1);
        return scale(0.99 * length!, rng.stream("ball", i, k).sphere(3));
      }) as [Float64Array, Float64Array];
      const [p, q] = [fromPoincare(a), fromPoincare(b)];
      expect(H.flaw(p)).toBeUndefined();
      for (const [k, value] of toPoincare(p).entries()) expect(value).toBeCloseTo(a[k]!, 13);
      const square = (x: Float64Array) => x.reduce((sum, value) => sum + value * value, 0);
      const ratio = square(combine(1, a, -1, b)) / ((1 - square(a)) * (1 - square(b)));
      expect(H.dist(p, q)).toBeCloseTo(2 * Math.asinh(Math.sqrt(ratio)), 10);
    }
  });

  it("ends at length 1", () => {
    expect(() => fromPoincare(Float64Array.of(0.6, 0.8))).toThrow(
      /has length 1: points of the Poincaré ball/,
    );
    expect(() => fromPoincare(Float64Array.of(0.6, Number.NaN))).toThrow(/x\[1\]/);
  });
});
