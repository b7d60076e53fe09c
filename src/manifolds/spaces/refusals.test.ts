import { describe, expect, it } from "vitest";
import { InvalidInput, NonFinite } from "../../core/errors.ts";
import { createRng } from "../../random/index.ts";
import { euclidean } from "./euclidean.ts";
import { hyperbolic } from "./hyperbolic.ts";
import { add, isPoint, type Manifold, randomPoint, randomVector, scale } from "./manifold.ts";
import { expMany, logMany, parallelTransportMany } from "./many.ts";
import { product } from "./product.ts";
import { spd } from "./spd.ts";

const rng = createRng(21);
const spaces: readonly Manifold[] = [
  euclidean(3),
  hyperbolic(1),
  hyperbolic(3),
  spd(1),
  spd(2),
  spd(3),
  product([hyperbolic(2), spd(2), euclidean(1)], [0.5, 2, 1]),
  product(Array(3).fill(spd(2))),
];
const OPERATIONS = {
  exp: "pX",
  log: "pq",
  dist: "pq",
  inner: "pXX",
  norm: "pX",
  parallelTransport: "pqX",
  egrad2rgrad: "pX",
  project: "pX",
  vectorFrom: "pc",
} as const;
type Name = keyof typeof OPERATIONS;
const names = Object.keys(OPERATIONS) as Name[];

const call = (M: Manifold, name: Name, given: readonly Float64Array[]): Float64Array | number =>
  (M[name] as (...given: readonly Float64Array[]) => Float64Array | number)(...given);

/** Arguments of an operation, near the origin or two away from it. */
function good(M: Manifold, name: Name, far: boolean): Float64Array[] {
  const o = far ? M.exp(M.origin, scale(4 / Math.sqrt(M.dim), randomUnit(M))) : M.origin;
  const p = M.exp(o, scale(0.1, randomVector(M, o, rng.stream("p"))));
  const q = M.exp(o, scale(0.3, randomVector(M, o, rng.stream("q"))));
  const X = randomVector(M, p, rng.stream("X"), 0.5);
  const all = { p, q, X, c: rng.stream("c").normals(M.dim) };
  return [...OPERATIONS[name]].map((letter) => all[letter as keyof typeof all].slice());
}

const randomUnit = (M: Manifold) => {
  const X = M.vectorFrom(M.origin, rng.stream("unit").normals(M.dim));
  return scale(1 / M.norm(M.origin, X), X);
};

describe.each(spaces.map((M) => [M.name, M] as const))("%s", (_, M) => {
  it("refuses arguments of another length, by that length", () => {
    for (const name of names)
      for (const [i, argument] of good(M, name, false).entries())
        for (const length of [argument.length - 1, argument.length + 1, 0]) {
          const given = good(M, name, false);
          given[i] = new Float64Array(length).fill(1);
          const run = () => call(M, name, given);
          expect(run, `${name}, argument ${i}`).toThrow(InvalidInput);
          expect(run, `${name}, argument ${i}`).toThrow(`has ${length} numbers`);
        }
  });

  it("has no points that are not finite", () => {
    const p = randomPoint(M, rng.stream("point"));
    expect(isPoint(M, p)).toBe(true);
    for (let place = 0; place < M.size; place++)
      for (const value of [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY])
        for (const base of [p, M.origin]) expect(isPoint(M, base.with(place, value))).toBe(false);
    expect(isPoint(M, new Float64Array(M.size + 1))).toBe(false);
  });

  it("gives finite numbers or refuses", () => {
    for (const far of [false, true])
      for (const name of names)
        for (const [i, argument] of good(M, name, far).entries())
          for (let place = 0; place < argument.length; place++)
            for (const value of [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, 1e308]) {
              const given = good(M, name, far);
              given[i]![place] = value;
              let result: Float64Array | number;
              try {
                result = call(M, name, given);
              } catch (error) {
                // A base that is no point any more may be refused as such.
                const expected = "pq".includes(OPERATIONS[name][i]!)
                  ? [NonFinite, InvalidInput]
                  : [NonFinite];
                expect(
                  expected.some((kind) => error instanceof kind),
                  `${name}: ${error}`,
                ).toBe(true);
                continue;
              }
              const numbers = typeof result === "number" ? [result] : [...result];
              expect(numbers.every(Number.isFinite), `${name}, argument ${i}, place ${place}: ${value}`).toBe(
                true,
              );
            }
  });
});

it("vectors of different lengths have no sum", () => {
  expect(add(Float64Array.of(1, 2), Float64Array.of(3, 4))).toEqual(Float64Array.of(4, 6));
  expect(() => add(new Float64Array(2), new Float64Array(3))).toThrow(/^Y has 3 numbers, but .* needs 2/);
});

describe("what is not finite", () => {
  it("is named, on the hyperboloid in every coordinate", () => {
    const M = hyperbolic(3);
    for (const far of [false, true])
      for (const name of names)
        for (const [i, argument] of good(M, name, far).entries())
          for (let place = 0; place < argument.length; place++) {
            // Near the origin the metric does not depend on the point but by its first coordinate.
            if (!far && (name === "inner" || name === "norm") && i === 0 && place > 0) continue;
            for (const value of [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY]) {
              const given = good(M, name, far);
              given[i]![place] = value;
              const run = () => call(M, name, given);
              expect(run, `${name}, argument ${i}, place ${place}, ${value}`).toThrow(NonFinite);
              expect(run).toThrow(
                new RegExp(`^\\S.* is ${value} in place ${place}: ${name} on H\\^3 needs finite numbers$`),
              );
            }
          }
  });

  it("is named in flat space", () => {
    const M = euclidean(2);
    const [p, X] = [Float64Array.of(1, 2), Float64Array.of(3, Number.NaN)];
    expect(() => M.exp(p, X)).toThrow(/^X is NaN in place 1: exp on R\^2/);
    expect(() => M.log(p, X)).toThrow(/^q is NaN in place 1: log on R\^2/);
    expect(() => M.dist(p, X)).toThrow(NonFinite);
    expect(() => M.inner(p, p, X)).toThrow(/^Y is NaN in place 1: inner/);
    expect(() => M.parallelTransport(p, p, X)).toThrow(/^X is NaN/);
    expect(() => M.vectorFrom(p, X)).toThrow(/^the coordinate vector is NaN/);
  });

  it("is named with its pair", () => {
    for (const M of [euclidean(2), hyperbolic(2), product([hyperbolic(1), euclidean(2)])]) {
      const p = randomPoint(M, rng.stream("many"));
      const three = Float64Array.from([...p, ...p, ...p]);
      const X = new Float64Array(3 * M.size);
      X[3 * M.size - 1] = Number.NaN;
      for (const run of [
        () => expMany(M, p, X),
        () => logMany(M, three, X),
        () => parallelTransportMany(M, three, p, X),
      ]) {
        expect(run).toThrow(NonFinite);
        expect(run).toThrow(/^pair 2: .* is NaN in place \d/);
      }
    }
  });

  it("is named with its factor", () => {
    const M = product([euclidean(1), hyperbolic(1)]);
    const X = Float64Array.of(0, 0, Number.NaN);
    expect(() => M.exp(M.origin, X)).toThrow(/^factor 1 \(H\^1\): X is NaN in place 1/);
    expect(() => M.norm(M.origin, X)).toThrow(/^factor 1 \(H\^1\): X is NaN in place 1/);
    const factor = spd(1);
    const S = product([factor, factor, factor]);
    expect(() => S.exp(S.origin, X)).toThrow(/^\(SPD\(1\)\)\^3: pair 2: the matrix is NaN/);
  });
});

describe("what overflows", () => {
  it("says how long the step is", () => {
    const H = hyperbolic(2);
    for (const length of [400, 1e200, 1e307]) {
      const X = Float64Array.of(0, length * 0.6, length * 0.8);
      expect(H.norm(H.origin, X)).toBeCloseTo(length, -Math.log10(length) + 10);
      expect(() => H.exp(H.origin, X)).toThrow(NonFinite);
      expect(() => H.exp(H.origin, X)).toThrow(
        `exp on H^2 overflows: the step is too long: its length is ${length.toPrecision(3)}, and coordinates overflow about 355 from the origin`,
      );
    }
    const R = euclidean(2);
    expect(() => R.exp(Float64Array.of(1e308, 0), Float64Array.of(1e308, 0))).toThrow(
      "exp on R^2 overflows: the step is too long: its length is 1.00e+308",
    );
    const S = spd(2);
    expect(() => S.exp(S.origin, Float64Array.of(800, 0, 0, 1))).toThrow(/^exp overflows: .* eigenvalue 800/);
    expect(() => S.exp(S.origin, Float64Array.of(-800, 0, 0, 1))).toThrow(/^exp underflows: .* -800/);
  });

  it("says how large the numbers are", () => {
    const far = (sign: number) => Float64Array.of(1e154, sign * 1e154, 0);
    expect(() => hyperbolic(2).dist(far(1), far(-1))).toThrow(/^dist on H\^2 overflows: .* 1.00e\+154/);
    const X = Float64Array.of(1e200, 0);
    const R = euclidean(2);
    expect(() => R.inner(R.origin, X, X)).toThrow(/^inner on R\^2 overflows: .* 1.00e\+200/);
    expect(() => R.log(Float64Array.of(-1e308, 0), Float64Array.of(1e308, 0))).toThrow(
      /^log on R\^2 overflows/,
    );
    const M = product([R, euclidean(1)]);
    expect(() => M.dist(M.origin, Float64Array.of(1e200, 0, 0))).toThrow(/^dist on R\^2 x R\^1 overflows/);
    const weighted = product([R], [1e-300]);
    expect(() => weighted.egrad2rgrad(weighted.origin, X)).toThrow(/^egrad2rgrad on .* overflows/);
  });

  it("is nothing that has a finite result", () => {
    const R = euclidean(2);
    const X = Float64Array.of(3e200, 4e200);
    expect(R.norm(R.origin, X) / 5e200).toBeCloseTo(1, 14);
    expect(R.dist(R.origin, X) / 5e200).toBeCloseTo(1, 14);
    // Sums of results overflow, which is no fault.
    const large = Float64Array.of(1.5e308, 1.5e308);
    expect(R.log(R.origin, large)).toEqual(large);
    expect(R.project(R.origin, large)).toEqual(large);
    // As many coordinates as fit into no argument list.
    expect(euclidean(200_000).dist(new Float64Array(200_000), new Float64Array(200_000).fill(1))).toBeCloseTo(
      Math.sqrt(200_000),
      12,
    );
  });
});
