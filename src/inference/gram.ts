import { InvalidInput } from "../core/errors.ts";
import { checkInteger } from "./checks.ts";
import { checkLaw, type DirectionLaw, drawsOneOf } from "./directions.ts";

/** Options of `gramMatrix`. */
export interface GramOptions {
  readonly directions?: DirectionLaw;
  /** Directions averaged in one step; default 1. */
  readonly queries?: number;
  /** Default true. */
  readonly replacement?: boolean;
}

/**
 * Q = E[g g'] for the averaged estimate g = (1/m) sum v v' G of a gradient G with E[G G'] = S (row-major d by d):
 * what random directions make of the noise. Averaged iterates have the variance H^-1 Q H^-1 / n.
 *
 * Source: propositions on the Gram matrix in section 3 and the supplement of the paper.
 *
 * @example gramMatrix(Float64Array.of(1, 0, 0, 4), 2, { directions: "coordinate" }) // [2, 0, 0, 8]
 */
export function gramMatrix(s: Float64Array, d: number, options: GramOptions = {}): Float64Array {
  const { directions: law = "coordinate", queries: m = 1, replacement = true } = options;
  checkInteger("the dimension", d, 1);
  checkInteger("queries", m, 1);
  checkLaw(law, d);
  if (s.length !== d * d) throw new InvalidInput(`S has ${s.length} elements: give ${d} by ${d}`);
  const one = oneQuery(s, d, law);
  if (m === 1 || (d === 1 && drawsOneOf(law) && !replacement)) return one;
  let [ofOne, ofS] = [1 / m, (m - 1) / m];
  if (!replacement) {
    if (!drawsOneOf(law) || m > d) {
      throw new InvalidInput(`queries is ${m} without replacement: at most d = ${d}, along axes or a basis`);
    }
    ofOne = (d - m) / (m * (d - 1));
    ofS = (d * (m - 1)) / (m * (d - 1));
  }
  return one.map((q, i) => ofOne * q + ofS * s[i]!);
}

function oneQuery(s: Float64Array, d: number, law: DirectionLaw): Float64Array {
  const q = new Float64Array(d * d);
  if (law === "gaussian" || law === "sphere") {
    let trace = 0;
    for (let k = 0; k < d; k++) trace += s[k * d + k]!;
    const factor = law === "sphere" ? d / (d + 2) : 1;
    for (let i = 0; i < d; i++) {
      for (let j = 0; j < d; j++) q[i * d + j] = factor * (2 * s[i * d + j]! + (i === j ? trace : 0));
    }
  } else if (law === "coordinate") {
    for (let k = 0; k < d; k++) q[k * d + k] = d * s[k * d + k]!;
  } else if ("probabilities" in law) {
    for (let k = 0; k < d; k++) q[k * d + k] = s[k * d + k]! / law.probabilities[k]!;
  } else {
    // d U diag(U'SU) U'; of a recorded sequence the mean of v (v'Sv) v'.
    const [rows, scale] = "basis" in law ? [law.basis, d] : [law.sequence, 1 / law.sequence.length];
    for (const u of rows) {
      let square = 0;
      for (let i = 0; i < d; i++) for (let j = 0; j < d; j++) square += u[i]! * s[i * d + j]! * u[j]!;
      for (let i = 0; i < d; i++) for (let j = 0; j < d; j++) q[i * d + j]! += scale * square * u[i]! * u[j]!;
    }
  }
  return q;
}
