/**
 * The limit laws of random scaling: T = W(1) / sqrt(integral of (W(r) - r W(1))^2 dr), and its joint form.
 *
 * Source: Abadir and Paruolo, Econometrica 65(3), 1997; Lee, Liao, Seo, Shin, AAAI 2022. The integral U of the squared
 * bridge is the sum of Z_k^2 / (k pi)^2 over independent normals, so E exp(-w^2 U / 2) = sqrt(w / sinh w); with the
 * normal tail as an integral over angles (Craig) the law of T is one integral of positive terms.
 */
import { InvalidInput } from "../core/errors.ts";
import { cholesky, solveTriangular } from "../linalg/index.ts";
import { createRng } from "../random/index.ts";
import { checkLevel } from "./checks.ts";

/**
 * P(|T| > |t|): the two-sided p-value of a statistic studentised by random scaling, for example
 * `randomScalingPValue(6.7473)` is 0.05. Exact to some 12 digits, also far out.
 *
 * @throws InvalidInput when t is NaN.
 */
export function randomScalingPValue(t: number): number {
  if (Number.isNaN(t)) throw new InvalidInput("the statistic is NaN; give a number");
  const size = Math.abs(t);
  if (size === 0) return 1;
  // (2 / pi) times the integral over x > 0 of sqrt(w / sinh w) / cosh x, w = t cosh x: even and analytic, so that the
  // trapezoid rule converges geometrically.
  const spacing = 0.5 / Math.sqrt(25 + size);
  let sum = 0;
  for (let node = 0; ; node++) {
    const cosh = Math.cosh(node * spacing);
    const w = size * cosh;
    const term = (Math.exp(-w / 2) * Math.sqrt((2 * w) / -Math.expm1(-2 * w))) / cosh;
    sum += node === 0 ? term / 2 : term;
    if (!(term > 1e-17 * sum)) break;
  }
  return Math.min(1, (2 / Math.PI) * spacing * sum);
}

/**
 * The c with P(|T| <= c) = level: 6.7473 for 0.95. Two-sided; one-sided tables call it the 97.5 % point.
 *
 * @throws InvalidInput when the level is not between 0 and 1.
 */
export function randomScalingQuantile(level: number): number {
  checkLevel(level);
  const tail = 1 - level;
  let low = 0;
  let high = 8;
  while (randomScalingPValue(high) > tail) high *= 2;
  while (high - low > 1e-9 * high) {
    const middle = (low + high) / 2;
    if (randomScalingPValue(middle) > tail) low = middle;
    else high = middle;
  }
  return (low + high) / 2;
}

/** 1 / (k pi)^2: the bridge's variance along its k-th wave. */
const waveVariance = (k: number): number => (k * Math.PI) ** -2;

const JOINT_DRAWS = 20_000;
const JOINT_FACTORS = 60;

/**
 * The p-value of the joint statistic n (R theta - r)' (R V R')^-1 (R theta - r) of `restrictions` linear restrictions:
 * exact for one, and for more from 20,000 draws of the limit law under a fixed seed (standard error below 0.0036,
 * at 0.05 about 0.0015).
 *
 * @throws InvalidInput unless there are 1 to 50 restrictions and the statistic is a number from 0 up.
 */
export function jointRandomScalingPValue(statistic: number, restrictions: number): number {
  if (!(Number.isInteger(restrictions) && restrictions >= 1 && restrictions <= 50)) {
    throw new InvalidInput(`restrictions is ${restrictions}: give an integer from 1 to 50`);
  }
  if (!(statistic >= 0)) throw new InvalidInput(`the statistic is ${statistic}: give a number from 0 up`);
  if (restrictions === 1) return randomScalingPValue(Math.sqrt(statistic));
  let above = 0;
  const l = restrictions;
  const rng = createRng(0);
  const normals = new Float64Array(l * (JOINT_FACTORS + 1));
  const bridge = new Float64Array(l * l);
  let rest = 1 / 6;
  for (let k = 0; k < JOINT_FACTORS; k++) rest -= waveVariance(k + 1);
  for (let draw = 0; draw < JOINT_DRAWS; draw++) {
    rng.stream("joint random scaling", draw).normals(normals);
    bridge.fill(0);
    for (let i = 0; i < l; i++) bridge[i * l + i] = rest;
    for (let k = 0; k < JOINT_FACTORS; k++) {
      for (let i = 0; i < l; i++) {
        const z = waveVariance(k + 1) * normals[k * l + i]!;
        for (let j = 0; j <= i; j++) bridge[i * l + j]! += z * normals[k * l + j]!;
      }
    }
    const whitened = solveTriangular(cholesky(bridge, l), l, normals.subarray(l * JOINT_FACTORS));
    let value = 0;
    for (const x of whitened) value += x * x;
    if (value > statistic) above++;
  }
  return above / JOINT_DRAWS;
}
