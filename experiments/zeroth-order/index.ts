import type { Problem } from "fpx";
import type { Reproduction } from "fpx/experiments";
import { train, training } from "./network.ts";
import { descend, least, optimisation } from "./optimisation.ts";
import { bias, draw, estimators, pairing, quarticMean } from "./variance.ts";

export const reproduction: Reproduction = {
  room: "zeroth-order",
  title: "Unbiased gradients from function values",
  source:
    "S. Ma, H. Huang: On the Optimal Construction of Unbiased Gradient Estimators for Zeroth-Order Optimization, NeurIPS 2025 (arXiv 2510.19953)",
  rows: [estimators, pairing, bias, optimisation, training],
  problem: {
    fingerprint: "study of gradients from values",
    draw,
    quarticMean,
    least,
    descend,
    train,
  } as Problem,
};
