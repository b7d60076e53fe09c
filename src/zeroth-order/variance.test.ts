import { describe, expect, it } from "vitest";
import { createRng } from "../random/index.ts";
import { geometricLevels } from "./index.ts";
import { type StencilRule, slopeOf, stencilAt } from "./stencils.ts";

/** Σ log(1 + e^(a·x + b)) + Σ sin x_j + ¼ |x|², whose curvature and gradient are known. */
const d = 8;
const terms = 12;
const rng = createRng(29);
const a = rng
  .stream("a")
  .normals(terms * d)
  .map((z) => z / 2);
const b = rng.stream("b").normals(terms);
const inner = (k: number, x: Float64Array) => {
  let sum = b[k]!;
  for (let i = 0; i < d; i++) sum += a[k * d + i]! * x[i]!;
  return sum;
};
const f = (x: Float64Array) => {
  let sum = 0;
  for (let k = 0; k < terms; k++) sum += Math.log1p(Math.exp(inner(k, x)));
  for (const xi of x) sum += Math.sin(xi) + (xi * xi) / 4;
  return sum;
};
const gradient = (x: Float64Array) => {
  const g = x.map((xi) => Math.cos(xi) + xi / 2);
  for (let k = 0; k < terms; k++) {
    const share = 1 / (1 + Math.exp(-inner(k, x)));
    for (let i = 0; i < d; i++) g[i]! += share * a[k * d + i]!;
  }
  return g;
};
/** λ_max(AᵀA)/4 ≤ |A|²/4, and 1 from the sine, ½ from the square. */
const lipschitz = a.reduce((sum, x) => sum + x * x, 0) / 4 + 1.5;

/** d E[r²] with r = P4 − v·∇f, exactly over levels, over 4000 directions. */
function excess(mu: number): number {
  const x = rng.stream("x").normals(d);
  const g = gradient(x);
  const levels = geometricLevels({ mu, count: 14 });
  const rule: StencilRule = { method: "p4", mu, levels, branch: 0.5, paperWeights: false };
  let sum = 0;
  const draws = 4000;
  for (let k = 0; k < draws; k++) {
    const v = rng.stream("v", k).sphere(d, Math.sqrt(d));
    const slope = v.reduce((s, vi, i) => s + vi * g[i]!, 0);
    let u = 0;
    for (const p of levels.p) {
      const stencil = stencilAt(rule, u + p / 2, 0.5);
      const losses = stencil.steps.map((step) => f(x.map((xi, i) => xi + step * v[i]!)));
      sum += (p * (slopeOf(stencil, losses) - slope) ** 2) / draws;
      u += p;
    }
  }
  return d * sum;
}

describe("the variance that finite steps add (oracle 9)", () => {
  it("stays below L² d³ μ² / 4", () => {
    for (const mu of [1, 0.5, 0.1])
      expect(excess(mu)).toBeLessThan((1.05 * lipschitz ** 2 * d ** 3 * mu ** 2) / 4);
  });

  it("falls as μ⁴", () => {
    const ratio = excess(1) / excess(0.5);
    expect(ratio).toBeGreaterThan(11);
    expect(ratio).toBeLessThan(18);
  });
});
