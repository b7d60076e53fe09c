import { checkCount } from "../../core/checks.ts";
import { createGuard } from "./guard.ts";
import { combine, type Manifold, requireSize, weightedSum } from "./manifold.ts";

/** The flat space R^n with the usual inner product. */
export function euclidean(n: number): Manifold {
  checkCount("n", n);
  const name = `R^${n}`;
  const { sized, number, array } = createGuard(
    name,
    n,
    (_, X) => `its length is ${length(X).toPrecision(3)}`,
  );
  const dot = (X: Float64Array, Y: Float64Array): number => {
    let sum = 0;
    for (let i = 0; i < n; i++) sum += X[i]! * Y[i]!;
    return sum;
  };
  return {
    name,
    dim: n,
    size: n,
    sectionalCurvatureMin: 0,
    sectionalCurvatureMax: 0,
    origin: new Float64Array(n),
    exp(p, X) {
      sized("exp", p, X);
      return array("exp", combine(1, p, 1, X), p, X);
    },
    log(p, q) {
      sized("log", p, q);
      return array("log", combine(1, q, -1, p), p, q);
    },
    dist(p, q) {
      sized("dist", p, q);
      return number("dist", length(combine(1, q, -1, p)), 0, p, q);
    },
    inner(p, X, Y) {
      sized("inner", p, X, Y);
      return number("inner", dot(X, Y), 0, p, X, Y);
    },
    norm(p, X) {
      sized("norm", p, X);
      const square = dot(X, X);
      return number("norm", square < Number.POSITIVE_INFINITY ? Math.sqrt(square) : length(X), 0, p, X);
    },
    parallelTransport(p, q, X) {
      sized("parallelTransport", p, q, X);
      return array("parallelTransport", X.slice(), p, q, X);
    },
    egrad2rgrad(p, G) {
      sized("egrad2rgrad", p, G);
      return array("egrad2rgrad", G.slice(), p, G);
    },
    project(p, X) {
      sized("project", p, X);
      return array("project", X.slice(), p, X);
    },
    vectorFrom(p, coordinates) {
      sized("vectorFrom", p);
      requireSize(`the tangent space of ${name}`, n, coordinates, "the coordinate vector");
      return array("vectorFrom", coordinates.slice(), p, coordinates);
    },
    approximateMean: weightedSum,
    flaw(p) {
      if (p.length !== n) return `has ${p.length} numbers, not ${n}`;
      const place = p.findIndex((value) => !Number.isFinite(value));
      return place < 0 ? undefined : `is ${p[place]} in place ${place}`;
    },
  };
}

/** The root of the sum of squares: neither overflows nor underflows on the way. The sum is compensated. */
function length(X: Float64Array): number {
  let largest = 0;
  for (let i = 0; i < X.length; i++) largest = Math.max(largest, Math.abs(X[i]!));
  if (!(largest > 0 && largest < Number.POSITIVE_INFINITY)) return largest;
  let sum = 0;
  let error = 0;
  for (let i = 0; i < X.length; i++) {
    const share = Math.abs(X[i]!) / largest;
    const term = share * share - error;
    const next = sum + term;
    error = next - sum - term;
    sum = next;
  }
  return Math.sqrt(sum) * largest;
}
