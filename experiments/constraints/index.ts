import type { Problem } from "fpx";
import type { Reproduction } from "fpx/experiments";
import { deep, networks } from "./deep-row.ts";
import { loan } from "./loan-rows.ts";
import { antichain, expense, expenses, labelDominance, labelSets, twoClasses } from "./several-outputs.ts";
import { timings } from "./timings.ts";

export const reproduction: Reproduction = {
  room: "constraints",
  title: "Models that provably keep rules",
  source:
    "K. Goyal, S. Dumancic, H. Blockeel: SaDe: Learning Models that Provably Satisfy Domain Constraints, ECML PKDD 2022 (arXiv 2112.00552); DeepSaDe: Learning Neural Networks that Guarantee Domain Constraint Satisfaction, AAAI 2024 (arXiv 2303.01141)",
  rows: [loan, expense, labelDominance, antichain, timings, deep],
  problem: { fingerprint: "study of constraints", expenses, twoClasses, labelSets, networks } as Problem,
};
