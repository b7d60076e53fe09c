import type { Problem } from "fpx";
import type { Reproduction } from "fpx/experiments";
import { replicate } from "./measure.ts";
import { directions, hessian, linearModels, logistic, quantiles, queries, warmStart } from "./rows.ts";

export const reproduction: Reproduction = {
  room: "inference",
  title: "Online statistical inference without gradients",
  source:
    "X. Chen, Z. Lai, H. Li, Y. Zhang: Online Statistical Inference for Stochastic Optimization via Kiefer-Wolfowitz Methods, Journal of the American Statistical Association 2024 (arXiv 2102.03389)",
  rows: [linearModels, directions, queries, logistic, quantiles, warmStart, hessian],
  problem: { fingerprint: "study of online inference", replicate } as Problem,
};
