/** The center of a category in a hyperbolic embedding whose points an adversary may move, at a price. */
import { frechetMean, hyperbolic, minimize, randomPoint, robustKarcher, solveMinMax } from "fpx/manifolds";
import { createRng } from "fpx/random";

// Twelve terms of one category, embedded in the hyperbolic plane around a center of their own.
const M = hyperbolic(2);
const home = M.exp(M.origin, Float64Array.of(0, 0.8, 0.4));
const rng = createRng(12);
const terms = Array.from({ length: 12 }, (_, i) => {
  const offset = M.log(M.origin, randomPoint(M, rng.stream("term", 0, i), 0.3));
  return M.exp(home, M.parallelTransport(M.origin, home, offset));
});

const centroid = minimize(frechetMean(M, terms), { tolerance: 1e-12 });
console.log(
  `centroid: within ${centroid.distBound.toExponential(1)} of the exact one, ${centroid.calls} gradients`,
);

// gamma is what moving a term costs: the adversary stretches each by gamma / (gamma - 1).
for (const method of ["auto", "ramma", "rceg"] as const) {
  const problem = robustKarcher(M, terms, 5, { exactResponse: false });
  const { x, gap, calls, status } = solveMinMax(problem, { method, tolerance: 1e-10 });
  console.log(
    `${method.padEnd(6)} ${status}, gap ${gap.toExponential(1)} after ${calls.gradX + calls.gradY} partial gradients; ` +
      `${M.dist(x, centroid.x).toExponential(1)} from the centroid`,
  );
}
