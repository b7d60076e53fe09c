/**
 * The mean of covariance matrices when an adversary may move each of them, at a price: a saddle point with a proved gap.
 * Run it: fpx run study.ts. Then put in matrices of your own.
 */
import { defineStudy } from "fpx";
import { auto, randomPoint, robustKarcher, spd } from "fpx/manifolds";
import { createRng } from "fpx/random";

const M = spd(3);
const rng = createRng(1);
const matrices = Array.from({ length: 10 }, (_, i) => randomPoint(M, rng.stream("matrix", 0, i), 0.25));

export default defineStudy({
  name: "robust-mean",
  problem: robustKarcher(M, matrices, 6, { exactResponse: false }),
  solver: auto({ tolerance: 1e-8 }),
  stop: { maxCalls: 10_000 },
  seed: 1,
});
