import { describe, expect, it } from "vitest";
import { createRng } from "../../random/index.ts";
import { euclidean } from "./euclidean.ts";
import { hyperbolic } from "./hyperbolic.ts";
import { type Manifold, randomDirection, randomPoint, randomVector, scale } from "./manifold.ts";
import { expMany, logMany, parallelTransportMany } from "./many.ts";
import { product } from "./product.ts";
import { spd } from "./spd.ts";

const rng = createRng(12);
const COUNT = 150;
const flat = (parts: readonly Float64Array[]): Float64Array =>
  Float64Array.from(parts.flatMap((a) => [...a]));

/** Pairs at distances from 0 to 15 with a tangent vector each. */
function pairs(M: Manifold) {
  const points = Array.from({ length: COUNT }, (_, i) => randomPoint(M, rng.stream("p", i), 0.4));
  const distances = [1, 0.1, 1e-6, 0, 15];
  return {
    p: points,
    q: points.map((p, i) => M.exp(p, scale(distances[i % 5]!, randomDirection(M, p, rng.stream("q", i))))),
    X: points.map((p, i) => randomVector(M, p, rng.stream("X", i))),
  };
}

describe("operations on many", () => {
  for (const M of [
    euclidean(3),
    hyperbolic(2),
    spd(1),
    spd(2),
    spd(3),
    spd(4),
    spd(10),
    product([hyperbolic(2), spd(2)], [0.5, 2]),
  ])
    it(`of ${M.name} give the bits of one at a time`, () => {
      const { p, q, X } = pairs(M);
      const [P, Q, XX] = [flat(p), flat(q), flat(X)];
      expect(expMany(M, P, XX)).toEqual(flat(p.map((at, i) => M.exp(at, X[i]!))));
      expect(logMany(M, P, Q)).toEqual(flat(p.map((at, i) => M.log(at, q[i]!))));
      const carried = flat(p.map((at, i) => M.parallelTransport(at, q[i]!, X[i]!)));
      expect(parallelTransportMany(M, P, Q, XX)).toEqual(carried);
      // One argument for all, and results over an argument.
      expect(logMany(M, p[0]!, Q)).toEqual(flat(q.map((to) => M.log(p[0]!, to))));
      expect(logMany(M, P, q[0]!)).toEqual(flat(p.map((at) => M.log(at, q[0]!))));
      expect(parallelTransportMany(M, P, Q, XX, XX)).toBe(XX);
      expect(XX).toEqual(carried);
    });

  it("are those of a product of equal factors, whatever the weights", () => {
    const M = spd(3);
    const { p, q, X } = pairs(M);
    const [P, Q, XX] = [flat(p), flat(q), flat(X)];
    const power = product(
      p.map(() => M),
      p.map((_, i) => 1 + i),
    );
    expect(power.exp(P, XX)).toEqual(expMany(M, P, XX));
    expect(power.log(P, Q)).toEqual(logMany(M, P, Q));
    expect(power.parallelTransport(P, Q, XX)).toEqual(parallelTransportMany(M, P, Q, XX));
    expect(() => power.exp(P, X[0]!)).toThrow(/9 numbers/);
  });

  it("say which is wrong", () => {
    for (const M of [spd(2), product([hyperbolic(1), spd(2)])]) {
      const { p, q } = pairs(M);
      const broken = flat(p);
      broken[90 * M.size - 1] = -1;
      expect(() => logMany(M, broken, flat(q))).toThrow(
        /^pair 89: (factor 1 \(SPD\(2\)\): )?the matrix is not positive definite/,
      );
      expect(() => logMany(M, flat(q), broken)).toThrow(/^pair 89: /);
      expect(() => logMany(M, flat(p), flat(q.slice(1)))).toThrow(/q has \d+ numbers/);
      expect(() => logMany(M, flat(p).slice(1), q[0]!)).toThrow(/p has \d+ numbers/);
      expect(() => logMany(M, flat(p), q[0]!, new Float64Array(M.size))).toThrow(/out has/);
    }
  });

  it("of none give none; one argument may still serve all", () => {
    const none = new Float64Array(0);
    for (const M of [euclidean(3), hyperbolic(2), spd(2), spd(3), product([hyperbolic(1), spd(2)])])
      for (const out of [undefined, new Float64Array(0)]) {
        const o = M.origin;
        for (const result of [
          expMany(M, o, none, out),
          expMany(M, none, none, out),
          logMany(M, o, none, out),
          logMany(M, none, o, out),
          parallelTransportMany(M, o, o, none, out),
          parallelTransportMany(M, none, o, none, out),
        ]) {
          expect(result).toHaveLength(0);
          if (out) expect(result).toBe(out);
        }
        const two = flat([o, o]);
        expect(() => logMany(M, two, none)).toThrow(/q has 0 numbers/);
        expect(() => logMany(M, o, none, new Float64Array(M.size))).toThrow(/out has/);
        expect(() => expMany(M, o, two, none)).toThrow(/out has 0 numbers/);
      }
  });
});
