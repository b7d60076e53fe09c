import type { Problem } from "fpx";
import type { Reproduction } from "../reproduction.ts";
import { deployments, prelude } from "./prelude-rows.ts";
import { publishedTables } from "./published-tables.ts";
import { rollout, styleBits, styleLengths } from "./style-rows.ts";

export const reproduction: Reproduction = {
  room: "edits",
  title: "Learning from user edits",
  source: "Misra, Pacchiano, Chi, Gao: Principled fine-tuning of LLMs from user-edits (2025), section 5",
  rows: [styleBits, styleLengths, publishedTables, prelude],
  problem: { fingerprint: "study of learning from edits", rollout, deployments } as Problem,
};
