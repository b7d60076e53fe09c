/** The rooms whose papers can be reproduced; their modules are loaded on use. */
import type { Reproduction } from "fpx/experiments";

/** The module of a room's study, for threads and workers: beside the sources or beside what was built of them. */
export const studyModule = (room: string): URL =>
  import.meta.url.endsWith(".ts")
    ? new URL(`../../experiments/${room}/index.ts`, import.meta.url)
    : new URL(`../experiments/${room}/index.js`, import.meta.url);

export const REPRODUCTIONS: Readonly<Record<string, () => Promise<Reproduction>>> = {
  games: async () => (await import("fpx/experiments/games")).reproduction,
  inference: async () => (await import("fpx/experiments/inference")).reproduction,
  "zeroth-order": async () => (await import("fpx/experiments/zeroth-order")).reproduction,
  edits: async () => (await import("fpx/experiments/edits")).reproduction,
  manifolds: async () => (await import("fpx/experiments/manifolds")).reproduction,
  constraints: async () => (await import("fpx/experiments/constraints")).reproduction,
};
