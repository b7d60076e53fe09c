import { describe, expect, it } from "vitest";
import { createRng } from "../random/index.ts";
import { directionsOf } from "./directions.ts";
import { estimateGradient, type GradientOptions, geometricLevels } from "./index.ts";

/** Means over draws with their standard errors, in blocks of 1e5 draws. */
function statistics(
  f: (x: Float64Array) => number,
  x: readonly number[],
  blocks: number,
  options: GradientOptions,
) {
  const d = x.length;
  const [mean, square] = [new Float64Array(d), new Float64Array(d)];
  const count = 100_000;
  const total = count * blocks;
  for (let seed = 0; seed < blocks; seed++) {
    const { directional } = estimateGradient(f, x, { ...options, numDirections: count, seed });
    const draw = directionsOf(options.directions ?? "rademacher", createRng(seed), 0);
    const v = new Float64Array(d);
    for (let k = 0; k < count; k++) {
      draw(k, v);
      for (let i = 0; i < d; i++) {
        mean[i]! += (directional[k]! * v[i]!) / total;
        square[i]! += (directional[k]! * v[i]!) ** 2 / total;
      }
    }
  }
  return { mean, error: square.map((s, i) => Math.sqrt((s - mean[i]! ** 2) / total)) };
}

describe("unbiasedness at a large step (oracle 5)", () => {
  const x = [0.7, -0.4, 1.1];
  const mu = 0.5;
  const quartic = (y: Float64Array) => y.reduce((sum, yi) => sum + yi ** 4, 0);
  const bias = { gaussian: 12, sphere: (12 * 3) / 5, rademacher: 4 };

  it.each(["gaussian", "sphere", "rademacher"] as const)(
    "P4 with %s directions, 2e6 draws",
    (directions) => {
      const levels = geometricLevels({ mu, count: 20 });
      const { mean, error } = statistics(quartic, x, 20, { method: "p4", directions, levels });
      for (let i = 0; i < 3; i++) expect(Math.abs(mean[i]! - 4 * x[i]! ** 3)).toBeLessThan(5 * error[i]!);
    },
    300_000,
  );

  it.each(["gaussian", "sphere", "rademacher"] as const)(
    "central with %s directions misses by the smoothing",
    (directions) => {
      const { mean, error } = statistics(quartic, x, 20, { method: "central", directions, mu });
      for (let i = 0; i < 3; i++) {
        const smoothed = 4 * x[i]! ** 3 + bias[directions] * mu ** 2 * x[i]!;
        expect(Math.abs(mean[i]! - smoothed)).toBeLessThan(5 * error[i]!);
        expect(Math.abs(mean[i]! - 4 * x[i]! ** 3)).toBeGreaterThan(5 * error[i]!);
      }
    },
    300_000,
  );
});
