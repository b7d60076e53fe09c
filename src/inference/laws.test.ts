import { describe, expect, it } from "vitest";
import { createRng } from "../random/index.ts";
import { mixtureVariance, normalMixture, stitched } from "./confidence-sequence.ts";
import { Directions } from "./directions.ts";
import {
  confidenceRadius,
  type DirectionLaw,
  gramMatrix,
  jointRandomScalingPValue,
  lastIterateCovariance,
  MeanConfidenceSequence,
  PairedComparison,
  randomScalingPValue,
  randomScalingQuantile,
} from "./index.ts";
import { normalQuantile, normalTail } from "./normal.ts";
import { createScatter, pushScatter, scatterMatrix } from "./scatter.ts";

const d = 4;
const root = createRng(11)
  .stream("S")
  .normals(d * d);
const s = root.map((_, i) => {
  const [a, b] = [Math.floor(i / d), i % d];
  let sum = 0;
  for (let k = 0; k < d; k++) sum += root[a * d + k]! * root[b * d + k]!;
  return sum;
});
/** Rows of an orthonormal basis: signs of Hadamard over 2. */
const basis = [0, 1, 2, 3].map((i) => [0, 1, 2, 3].map((j) => ((i & j) === 1 || (i & j) === 2 ? -0.5 : 0.5)));
const probabilities = [0.1, 0.2, 0.3, 0.4];

/** g g' for the gradient of covariance S seen through a tuple of directions, added with its probability. */
function addTuple(q: Float64Array, vectors: readonly Float64Array[], probability: number): void {
  // M = (1/m) sum v v', and E[g g'] = M S M.
  const m = new Float64Array(d * d);
  for (const v of vectors)
    for (let i = 0; i < d * d; i++) m[i]! += (v[Math.floor(i / d)]! * v[i % d]!) / vectors.length;
  for (let i = 0; i < d; i++)
    for (let j = 0; j < d; j++)
      for (let k = 0; k < d; k++)
        for (let l = 0; l < d; l++)
          q[i * d + j]! += probability * m[i * d + k]! * s[k * d + l]! * m[l * d + j]!;
}

const atoms: readonly [string, DirectionLaw, readonly Float64Array[], readonly number[]][] = [
  [
    "coordinate",
    "coordinate",
    [0, 1, 2, 3].map((k) => Float64Array.from({ length: d }, (_, i) => (i === k ? 2 : 0))),
    [0.25, 0.25, 0.25, 0.25],
  ],
  ["basis", { basis }, basis.map((row) => Float64Array.from(row, (x) => 2 * x)), [0.25, 0.25, 0.25, 0.25]],
  [
    "weighted",
    { probabilities },
    probabilities.map((p, k) => Float64Array.from({ length: d }, (_, i) => (i === k ? p ** -0.5 : 0))),
    probabilities,
  ],
];

describe("Gram matrices of the directions", () => {
  const worst = (a: Float64Array, b: Float64Array) => Math.max(...a.map((x, i) => Math.abs(x - b[i]!)));

  it.each(atoms)("%s: enumeration with replacement, m = 1, 2, 3", (_, directions, vectors, chances) => {
    for (const queries of [1, 2, 3]) {
      const q = new Float64Array(d * d);
      for (let tuple = 0; tuple < d ** queries; tuple++) {
        const picks = Array.from({ length: queries }, (_, j) => Math.floor(tuple / d ** j) % d);
        addTuple(
          q,
          picks.map((k) => vectors[k]!),
          picks.reduce((p, k) => p * chances[k]!, 1),
        );
      }
      expect(worst(q, gramMatrix(s, d, { directions, queries }))).toBeLessThan(1e-12);
    }
  });

  it.each(atoms.slice(0, 2))("%s: enumeration without replacement, m = 1 to 4", (_, directions, vectors) => {
    for (const queries of [1, 2, 3, 4]) {
      const tuples: number[][] = [];
      for (let tuple = 0; tuple < d ** queries; tuple++) {
        const picks = Array.from({ length: queries }, (_, j) => Math.floor(tuple / d ** j) % d);
        if (new Set(picks).size === queries) tuples.push(picks);
      }
      const q = new Float64Array(d * d);
      for (const picks of tuples)
        addTuple(
          q,
          picks.map((k) => vectors[k]!),
          1 / tuples.length,
        );
      expect(worst(q, gramMatrix(s, d, { directions, queries, replacement: false }))).toBeLessThan(1e-12);
    }
  });

  it.each([
    ["sphere", "sphere", 1, true],
    ["gaussian", "gaussian", 1, true],
    ["coordinate", "coordinate", 2, false],
    ["basis", { basis }, 3, true],
    ["weighted", { probabilities }, 1, true],
  ] as const)("%s: what is drawn has that matrix", (_, law, queries, replacement) => {
    const plan = { law, dimension: d, queries, replacement, signs: "random" } as const;
    const directions = new Directions(plan, createRng(3), Uint32Array.of(0, 1, 2, 3));
    const draws = 400_000 / queries;
    const q = new Float64Array(d * d);
    const m = new Float64Array(d * d);
    const ms = new Float64Array(d * d);
    for (let n = 0; n < draws; n++) {
      directions.draw(n);
      m.fill(0);
      for (let j = 0; j < queries; j++) {
        if (directions.sparse)
          m[directions.coordinates[j]! * (d + 1)]! += directions.amplitudes[j]! ** 2 / queries;
        else {
          const v = directions.vectors;
          for (let i = 0; i < d * d; i++)
            m[i]! += (v[j * d + Math.floor(i / d)]! * v[j * d + (i % d)]!) / queries;
        }
      }
      ms.fill(0);
      for (let i = 0; i < d; i++)
        for (let k = 0; k < d; k++)
          for (let j = 0; j < d; j++) ms[i * d + j]! += m[i * d + k]! * s[k * d + j]!;
      for (let i = 0; i < d; i++)
        for (let k = 0; k < d; k++)
          for (let j = 0; j < d; j++) q[i * d + j]! += (ms[i * d + k]! * m[k * d + j]!) / draws;
    }
    const exact = gramMatrix(s, d, { directions: law, queries, replacement });
    expect(worst(q, exact)).toBeLessThan(0.02 * Math.max(...exact));
  });
});

describe("random scaling", () => {
  it.each([
    [3.8749, 0.2],
    [5.3227, 0.1],
    [6.7473, 0.05],
    [8.6132, 0.02],
    [10.0173, 0.01],
  ])("has beyond %f the tail %f", (t, tail) => {
    expect(Math.abs(randomScalingPValue(t) - tail)).toBeLessThan(1e-4);
    expect(Math.abs(randomScalingQuantile(1 - tail) - t)).toBeLessThan(1e-3);
  });

  it("goes to 0 for large statistics and to 1 for small ones", () => {
    expect(randomScalingPValue(0)).toBe(1);
    expect(randomScalingPValue(-6.7473)).toBe(randomScalingPValue(6.7473));
    expect(randomScalingPValue(1e6)).toBe(0);
    expect(randomScalingPValue(1e-6)).toBeGreaterThan(1 - 1e-5);
    // Far out the tail is that of exp(-t / 2), without a floor: its logarithm falls by 1/2 a unit.
    for (const t of [40, 400]) {
      const fall = Math.log(randomScalingPValue(t) / randomScalingPValue(t + 1));
      expect(fall).toBeGreaterThan(0.49);
      expect(fall).toBeLessThan(0.5);
    }
    expect(Math.abs(randomScalingQuantile(0.999) - 14.659)).toBeLessThan(2e-3);
  });

  it("has the joint 95 % points of 2 to 4 restrictions", () => {
    expect(jointRandomScalingPValue(45.526, 1)).toBeCloseTo(0.05, 4);
    for (const [l, point] of [
      [2, 104],
      [3, 177],
      [4, 261],
    ] as const) {
      // The points are known to 1.5 %, which moves the tail by about 0.002; 20,000 draws add 0.0015.
      expect(Math.abs(jointRandomScalingPValue(point, l) - 0.05)).toBeLessThan(0.008);
    }
  });

  it("keeps its scatter where plain sums would cancel", () => {
    const n = 200_000;
    const values = createRng(5).stream("x").normals(n);
    const diagonal = createScatter(1, false);
    const full = createScatter(1, true);
    const average = new Float64Array(1);
    const averages = new Float64Array(n);
    for (let i = 0; i < n; i++) {
      average[0]! += (1e6 + values[i]! - average[0]!) / (i + 1);
      averages[i] = average[0]!;
      pushScatter(diagonal, average);
      pushScatter(full, average);
    }
    let twoPass = 0;
    for (let i = 0; i < n; i++) twoPass += ((i + 1) / n) ** 2 * (averages[i]! - average[0]!) ** 2;
    for (const state of [diagonal, full]) {
      expect(Math.abs(scatterMatrix(state, average)[0]! / twoPass - 1)).toBeLessThan(1e-4);
    }
  });
});

describe("the normal law", () => {
  it("has the known quantiles and tails", () => {
    expect(normalQuantile(0.975)).toBeCloseTo(1.959963984540054, 12);
    expect(normalQuantile(0.995)).toBeCloseTo(2.5758293035489, 12);
    expect(normalQuantile(0.1)).toBeCloseTo(-1.2815515655446, 12);
    expect(normalTail(6) / 9.865876450376946e-10).toBeCloseTo(1, 12);
    expect(normalTail(3) / 1.3498980316300933e-3).toBeCloseTo(1, 12);
  });
});

describe("confidence sequences", () => {
  it("have the known radii", () => {
    expect(mixtureVariance(0.95, 1000)).toBeCloseTo(0.007933296959, 11);
    expect(confidenceRadius(100, 0.95, 1000)).toBeCloseTo(0.3855395005, 9);
    expect(confidenceRadius(1000, 0.95, 1000)).toBeCloseTo(0.0959817942, 9);
    expect(confidenceRadius(10000, 0.95, 1000)).toBeCloseTo(0.0324167486, 9);
    expect(normalMixture(100, 0.05, 12.600560979)).toBeCloseTo(30.3520899, 6);
    expect(confidenceRadius(100, 0.95, 1000) * 100).toBeCloseTo(
      normalMixture(100, 0.05, 1 / mixtureVariance(0.95, 1000)),
      8,
    );
    expect(stitched(100, 0.025, 1, 0)).toBeCloseTo(39.7546226, 6);
    expect(stitched(100, 0.025, 1, 1)).toBeCloseTo(50.0763175, 6);
    expect(stitched(100, 0.025, 10, 1)).toBeCloseTo(46.8264958, 6);
  });

  it.each([undefined, [0, 8] as const])("cover at all counts together, bounds %j", (bounds) => {
    const streams = 300;
    let missed = 0;
    for (let i = 0; i < streams; i++) {
      const uniforms = createRng(2).stream("cost", i).uniforms(3000);
      const sequence = new MeanConfidenceSequence(bounds === undefined ? {} : { bounds });
      // Skewed: 8 u^3 has the mean 2.
      for (const u of uniforms) {
        sequence.push(8 * u ** 3);
        const [lower, upper] = sequence.interval();
        if (lower > 2 || upper < 2) {
          missed++;
          break;
        }
      }
      const [lower, upper] = sequence.interval();
      if (sequence.count === uniforms.length) expect(upper - lower).toBeLessThan(0.6);
    }
    // At most 5 % may miss; four standard errors are added.
    expect(missed / streams).toBeLessThan(0.05 + 4 * Math.sqrt((0.05 * 0.95) / streams));
  });

  it("decide between two policies, and keep the decision", () => {
    const noise = createRng(3).stream("pairs").normals(40_000);
    const decide = (difference: number, margin: number) => {
      const duel = new PairedComparison({ margin });
      for (const z of noise) {
        if (duel.push(1 + difference + 0.5 * z, 1) !== "undecided") break;
      }
      return duel.decision;
    };
    expect(decide(0.1, 0)).toBe("second");
    expect(decide(-0.1, 0)).toBe("first");
    expect(decide(0, 0.05)).toBe("equivalent");
    const exact = new PairedComparison({ bounds: [-1, 1] });
    for (let i = 0; i < 500; i++) exact.push(0.2, i % 2);
    expect(exact.decision).toBe("first");
    expect(exact.interval()[1]).toBeLessThan(0);
    expect(() => exact.push(3, 0)).toThrow(/bounds/);
  });
});

describe("the last iterate", () => {
  it("solves H C + C H = Q", () => {
    const h = s.map((x, i) => x + (i % 5 === 0 ? 1 : 0));
    const q = gramMatrix(s, d);
    const c = lastIterateCovariance(h, q, d);
    for (let i = 0; i < d; i++) {
      for (let j = 0; j < d; j++) {
        let sum = 0;
        for (let k = 0; k < d; k++) sum += h[i * d + k]! * c[k * d + j]! + c[i * d + k]! * h[k * d + j]!;
        expect(sum).toBeCloseTo(q[i * d + j]!, 9);
      }
    }
  });
});
