import type { Problem } from "fpx";
import type { Reproduction } from "fpx/experiments";
import { calls } from "./calls.ts";
import { center, coupling, gradients, minimisation, robustMean, robustWeights } from "./comparisons.ts";
import { lopsided, weak } from "./conditioning.ts";

export const reproduction: Reproduction = {
  room: "manifolds",
  title: "Riemannian min-max with certified gaps",
  source:
    "D. Martinez-Rubio, C. Roux, C. Criscitiello, S. Pokutta: Accelerated Methods for Riemannian Min-Max Optimization Ensuring Bounded Geometric Penalties, AISTATS 2025 (arXiv 2305.16186)",
  rows: [weak, lopsided, coupling, robustMean, minimisation, robustWeights],
  problem: { fingerprint: "study of min-max on manifolds", calls, gradients, center } as Problem,
};
