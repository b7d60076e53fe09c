import type { Stream } from "../random/index.ts";

/**
 * A law of perturbations, one number a coordinate; its `scale` is in loss per unit of x.
 * `gaussian`: standard deviation. `gumbel`: -scale ln(-ln U). `ball`: uniform in the l2 ball with mean norm `scale`.
 * `exponential`: one-sided, its mean. `laplace`: mean absolute value.
 */
export type Perturbation = "gaussian" | "gumbel" | "ball" | "exponential" | "laplace";

export const PERTURBATIONS: readonly Perturbation[] = [
  "gaussian",
  "gumbel",
  "ball",
  "exponential",
  "laplace",
];

const EULER = 0.5772156649015329;

/**
 * One perturbation of that dimension, read from its own stream. Laws with a mean are centred unless `centred` is
 * false: an offset favours long strategies wherever the sum of x varies.
 *
 * @example samplePerturbation("gumbel", 0.8, rng.stream("noise", t, j), 50)
 */
export function samplePerturbation(
  law: Perturbation,
  scale: number,
  stream: Stream,
  dimension: number,
  centred = true,
): Float64Array {
  switch (law) {
    case "gaussian":
      return scaled(stream.normals(dimension), scale);
    case "ball": {
      const direction = stream.normals(dimension);
      // Elements after the normals read words that the normals do not.
      const [u] = stream.uniforms(1, dimension + 1);
      let square = 0;
      for (const z of direction) square += z * z;
      return scaled(direction, (scale * (1 + 1 / dimension) * u! ** (1 / dimension)) / Math.sqrt(square));
    }
    case "gumbel":
      return mapped(stream, dimension, (u) => scale * (-Math.log(-Math.log(u)) - (centred ? EULER : 0)));
    case "exponential":
      return mapped(stream, dimension, (u) => scale * (-Math.log(u) - (centred ? 1 : 0)));
    case "laplace":
      return mapped(stream, dimension, (u) =>
        u < 0.5 ? scale * Math.log(2 * u) : -scale * Math.log(2 * (1 - u)),
      );
  }
}

function scaled(values: Float64Array, factor: number): Float64Array {
  for (let i = 0; i < values.length; i++) values[i]! *= factor;
  return values;
}

function mapped(stream: Stream, dimension: number, law: (u: number) => number): Float64Array {
  const values = stream.uniforms(dimension);
  for (let i = 0; i < dimension; i++) values[i] = law(values[i]!);
  return values;
}

/** Volume of the unit ball of dimension d - 1 over that of dimension d: what stability under the ball law needs. */
export function ballVolumeRatio(dimension: number): number {
  let ratio = dimension % 2 === 1 ? 0.5 : 2 / Math.PI;
  for (let d = dimension % 2 === 1 ? 1 : 2; d < dimension; d += 2) ratio *= (d + 2) / (d + 1);
  return ratio;
}
