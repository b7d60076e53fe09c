import { checkCount } from "../../core/checks.ts";
import { combine, type Manifold, requireSize } from "./manifold.ts";

/** The flat space R^n with the usual inner product. */
export function euclidean(n: number): Manifold {
  checkCount("n", n);
  const name = `R^${n}`;
  const dot = (X: Float64Array, Y: Float64Array): number => {
    let sum = 0;
    for (let i = 0; i < n; i++) sum += X[i]! * Y[i]!;
    return sum;
  };
  const copy = (X: Float64Array): Float64Array => {
    requireSize(name, n, X);
    return X.slice();
  };
  return {
    name,
    dim: n,
    size: n,
    sectionalCurvatureMin: 0,
    sectionalCurvatureMax: 0,
    origin: new Float64Array(n),
    exp(p, X) {
      requireSize(name, n, X);
      return combine(1, p, 1, X);
    },
    log(p, q) {
      requireSize(name, n, q);
      return combine(1, q, -1, p);
    },
    dist: (p, q) => Math.hypot(...combine(1, q, -1, p)),
    inner: (_, X, Y) => dot(X, Y),
    norm: (_, X) => Math.sqrt(dot(X, X)),
    parallelTransport: (_p, _q, X) => copy(X),
    egrad2rgrad: (_, G) => copy(G),
    project: (_, X) => copy(X),
    vectorFrom: (_, coordinates) => copy(coordinates),
    flaw: (p) => (p.length === n ? undefined : `has ${p.length} numbers, not ${n}`),
  };
}
