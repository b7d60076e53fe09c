/** A made-up loan table that stands in for the published one, which may not be shipped. */

import { type Domain, domain, forAll, type Rule, when } from "fpx/constraints";
import { createRng } from "fpx/random";

export interface LoanTable {
  readonly domain: Domain;
  readonly rules: readonly Rule[];
  readonly train: { readonly X: Float64Array[]; readonly y: number[] };
  readonly test: { readonly X: Float64Array[]; readonly y: number[] };
}

const ROWS = 600;
const TRAINED = 480;
const NOISE = 0.8;
const MOST_FLIPPED = 36;

/** Income is column 0 (Beta(2, 5)), the credit record column 4 (0 or 1); without record and below 0.4: refuse. */
export function loanTable(seed: number, columns = 11): LoanTable {
  const rng = createRng(seed);
  const uniform = rng.stream("inputs").uniforms(ROWS * columns);
  const spread = rng.stream("income").uniforms(ROWS * 6);
  const effects = rng.stream("effects").normals(columns);
  effects[0] = 2;
  effects[4] = 2.5;
  const noise = rng.stream("noise").normals(ROWS);
  const X = Array.from({ length: ROWS }, (_, r) => {
    const x = uniform.slice(r * columns, (r + 1) * columns);
    // The second smallest of six uniforms is Beta(2, 5).
    x[0] = spread.slice(r * 6, (r + 1) * 6).sort()[1]!;
    x[4] = Number(x[4]! < 0.8);
    return x;
  });
  const scores = X.map((x) => x.reduce((sum, value, i) => sum + value * effects[i]!, 0));
  const threshold = [...scores].sort((a, b) => a - b)[Math.floor(0.4 * ROWS)]!;
  const y = scores.map((score, r) => Number(score - threshold + NOISE * noise[r]! > 0));
  const poor = [...X.keys()].filter((r) => X[r]![4] === 0 && X[r]![0]! <= 0.4);
  for (const [place, r] of poor.entries()) y[r] = Number(place < MOST_FLIPPED);
  const order = [...rng.stream("split").permutation(ROWS)];
  const part = (rows: number[]) => ({ X: rows.map((r) => X[r]!), y: rows.map((r) => y[r]!) });
  const features = Object.fromEntries(
    Array.from({ length: columns }, (_, i) => [
      `x${i}`,
      i === 4 ? ({ binary: true } as const) : ([0, 1] as const),
    ]),
  );
  return {
    domain: domain(features),
    rules: [
      forAll((x) => when(x.in("x4").eq(0), x.in("x0").le(0.4)).then(x.out("score").lt(0)), {
        name: "no-credit",
      }),
    ],
    train: part(order.slice(0, TRAINED)),
    test: part(order.slice(TRAINED)),
  };
}
