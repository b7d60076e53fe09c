import type { Problem } from "fpx";
import type { Reproduction } from "fpx/experiments";
import { kuhn, mixedPlay, nonconvex } from "./beyond.ts";
import { assignment, curvature, paths, selfTuning } from "./combinatorial.ts";
import { play } from "./play.ts";
import { parallelism, rates } from "./rates.ts";

export const reproduction: Reproduction = {
  room: "games",
  title: "Minimax games from best responses",
  source:
    "A. S. Suggala, P. Netrapalli: Follow the Perturbed Leader: Optimism and Fast Parallel Algorithms for Smooth Minimax Games, NeurIPS 2020 (arXiv 2006.07541)",
  rows: [rates, assignment, paths, parallelism, nonconvex, kuhn, selfTuning, curvature],
  problem: { fingerprint: "study of games", play, mixedPlay } as Problem,
};
