import { describe, expect, it } from "vitest";
import { createRng } from "../../random/index.ts";
import { euclidean } from "../spaces/euclidean.ts";
import { hyperbolic, lorentz } from "../spaces/hyperbolic.ts";
import { type Manifold, randomPoint, scale } from "../spaces/manifold.ts";
import { product } from "../spaces/product.ts";
import { spd } from "../spaces/spd.ts";
import { geodesicBall } from "./ball.ts";
import { type ConvexSet, customSet, wholeSpace } from "./convex-set.ts";
import { halfSpace } from "./half-space.ts";
import { productSet } from "./product-set.ts";
import { simplex } from "./simplex.ts";
import { spdBox } from "./spd-box.ts";

const rng = createRng(5);
const H = hyperbolic(3);
const P = product([hyperbolic(2), spd(2)], [0.5, 2]);
const points = (M: Manifold, purpose: string, count: number, spread = 1): Float64Array[] =>
  Array.from({ length: count }, (_, i) => randomPoint(M, rng.stream(`${M.name} ${purpose}`, 0, i), spread));

const sets: readonly ConvexSet[] = [
  geodesicBall(H, points(H, "center", 1, 0.3)[0]!, 0.8),
  geodesicBall(spd(3), spd(3).origin, 0.7),
  halfSpace(3, Float64Array.of(0.2, 1, -0.4, 0.3)),
  spdBox(3, 0.6, 1.7),
  simplex(4),
  productSet(P, [geodesicBall(hyperbolic(2), hyperbolic(2).origin, 0.5), spdBox(2, 0.5, 2)]),
  customSet(euclidean(3), { project: (p) => p.map((value) => Math.max(0, value)) }),
  wholeSpace(H),
];

describe.each(sets.map((set) => [set.name, set] as const))("%s", (_, set) => {
  const M = set.manifold;

  it("projects onto its nearest point", () => {
    const inside = points(M, "inside", 200).map((p) => set.project(p));
    for (const p of inside) expect(set.contains(p, 1e-8)).toBe(true);
    for (const p of points(M, "outside", 20)) {
      const nearest = set.project(p);
      const d = M.dist(p, nearest);
      for (const q of inside) expect(M.dist(p, q)).toBeGreaterThanOrEqual(d - 1e-9);
    }
  });

  it("bounds what a strongly g-convex function can still fall by, sharply at its optimum", () => {
    const feasible = points(M, "feasible", 100).map((p) => set.project(p));
    for (const target of points(M, "target", 10)) {
      // F = d(., target)^2 / 2 is 1-strongly g-convex, and least at the target's projection.
      const F = (p: Float64Array) => M.dist(p, target) ** 2 / 2;
      const least = F(set.project(target));
      const slope = (p: Float64Array) => scale(-1, M.log(p, target));
      for (const p of feasible) {
        for (const sigma of [1, 0.3, 0])
          expect(set.decrease(p, slope(p), sigma)).toBeGreaterThanOrEqual(F(p) - least - 1e-9);
      }
      const optimum = set.project(target);
      if (!set.name.startsWith("custom")) expect(set.decrease(optimum, slope(optimum), 1)).toBeLessThan(1e-8);
    }
  });
});

it("projects onto a half-space at the distance asinh |<x, n>|, on its boundary", () => {
  const normal = Float64Array.of(0.1, 1, 0.2, -0.3);
  const unit = scale(1 / Math.sqrt(lorentz(normal, normal)), normal);
  const set = halfSpace(3, normal);
  let outside = 0;
  for (const p of points(H, "half", 50)) {
    const s = lorentz(p, unit);
    if (s <= 0) continue;
    outside++;
    const q = set.project(p);
    expect(Math.abs(lorentz(q, unit))).toBeLessThan(1e-14);
    expect(H.dist(p, q)).toBeCloseTo(Math.asinh(s), 10);
  }
  expect(outside).toBeGreaterThan(10);
});

it("certifies on the simplex whatever all entries of the gradient have in common", () => {
  const set = simplex(3);
  const p = Float64Array.of(0.4, 0.25, 0.35);
  const g = Float64Array.of(1e-6, -2e-6, 1e-6);
  for (const sigma of [0.01, 0.03, 0])
    for (const common of [1, 32, 1024]) {
      const far = g.map((value) => value + common);
      expect(set.decrease(p, far, sigma) / set.decrease(p, g, sigma)).toBeCloseTo(1, 5);
    }
});

it("refuses sets that are none, by name", () => {
  expect(() => geodesicBall(H, H.origin, 0)).toThrow(/radius is 0/);
  expect(() => geodesicBall(H, Float64Array.of(1, 1, 0, 0), 1)).toThrow(/center/);
  expect(() => geodesicBall({ ...H, sectionalCurvatureMax: 1 }, H.origin, 1)).toThrow(/curvature at most 0/);
  expect(() => halfSpace(2, Float64Array.of(2, 1, 0))).toThrow(/space-like/);
  expect(() => spdBox(2, 2, 1)).toThrow(/alpha must be below beta/);
  expect(() => productSet(P, [wholeSpace(H)])).toThrow(/1 sets for 2 factors/);
  expect(() => customSet(H, { project: (p) => p, diameter: 0 })).toThrow(/diameter is 0/);
});
