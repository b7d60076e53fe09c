/** What simulated users accept. */

import type { Draws } from "../../random/index.ts";
import { PLAIN, type StyleDimension } from "./task.ts";
import type { TextDemands, TextStyle } from "./text.ts";
import { shuffled } from "./wishes.ts";
import type { UserKind, Wish } from "./world.ts";

/** The styles that a user accepts in an episode. */
export function drawDemands(
  dimensions: readonly StyleDimension[],
  kind: UserKind,
  wishes: readonly Wish[],
  draws: Draws,
): TextDemands {
  switch (kind) {
    case "strong":
    case "lazy":
      return demandsOf(wishes);
    case "weak":
      return demandsOf(wishes, shuffled(draws, wishes).slice(0, 1 + draws.integer(2)));
    case "transfer":
      return demandsOf(
        wishes,
        wishes.filter(() => draws.uniform() >= OVERLOOKED),
      );
    case "lateral": {
      const granted = demandsOf(
        wishes,
        wishes.filter(() => draws.uniform() < 0.35),
      );
      const whims = dimensions
        .filter(() => draws.uniform() < 0.3)
        .map(({ name, wishes: values }) => [name, [draws.pick([PLAIN, ...Object.keys(values)])]]);
      return { ...granted, ...Object.fromEntries(whims) };
    }
  }
}

/** The share of wishes that the transfer user does not look for in a draft. */
const OVERLOOKED = 0.2;

/** Whether a lazy user sends a draft as it is although the edit would cost `cost`. */
export function letsPass(cost: number, draws: Draws): boolean {
  return cost > 0.4 && draws.uniform() < 0.95;
}

/** The demanded wishes must be met, the others may be. */
export function demandsOf(wishes: readonly Wish[], demanded: readonly Wish[] = wishes): TextDemands {
  return Object.fromEntries(
    wishes.map((wish) => [wish.dimension, demanded.includes(wish) ? [wish.value] : [PLAIN, wish.value]]),
  );
}

/** The style that meets all wishes. */
export function styleOf(wishes: readonly Wish[]): TextStyle {
  return Object.fromEntries(wishes.map(({ dimension, value }) => [dimension, value]));
}
