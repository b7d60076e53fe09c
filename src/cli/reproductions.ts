/** The rooms whose papers can be reproduced; their modules are loaded on use. */
import type { Reproduction } from "fpx/experiments";

export const REPRODUCTIONS: Readonly<Record<string, () => Promise<Reproduction>>> = {
  games: async () => (await import("fpx/experiments/games")).reproduction,
  inference: async () => (await import("fpx/experiments/inference")).reproduction,
  "zeroth-order": async () => (await import("fpx/experiments/zeroth-order")).reproduction,
  edits: async () => (await import("fpx/experiments/edits")).reproduction,
  manifolds: async () => (await import("fpx/experiments/manifolds")).reproduction,
  constraints: async () => (await import("fpx/experiments/constraints")).reproduction,
};
