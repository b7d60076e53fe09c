/** The hidden wishes of a mail world: which domain wants which style, drawn from the world's seed. */

import type { Draws } from "../../random/index.ts";
import { DIMENSIONS, type StyleDimension } from "./mail-styles.ts";
import { DOMAINS } from "./mail-words.ts";
import type { HiddenDomain, Wish } from "./world.ts";

export const WISHES_PER_DOMAIN = 4;

/**
 * Four wishes for each domain, on four dimensions of style. A dimension that is used at all has each of its
 * values wanted by exactly one domain, so every wish is opposed by a wish of another domain and no single
 * rewrite serves them all.
 */
export function drawWishes(draws: Draws): HiddenDomain[] {
  const wishes: Wish[][] = DOMAINS.map(() => []);
  for (const dimension of drawDimensions(draws)) {
    const byLoad = shuffled(draws, wishes).sort((a, b) => a.length - b.length);
    shuffled(draws, Object.entries(dimension.wishes)).forEach(([value, text], i) => {
      byLoad[i]!.push({ dimension: dimension.name, value, text });
    });
  }
  return DOMAINS.map(({ name }, i) => ({ name, wishes: wishes[i]! }));
}

/** Random dimensions that together have as many values as the domains have wishes. */
function drawDimensions(draws: Draws): StyleDimension[] {
  for (;;) {
    const chosen: StyleDimension[] = [];
    let open = DOMAINS.length * WISHES_PER_DOMAIN;
    for (const dimension of shuffled(draws, DIMENSIONS)) {
      const values = Object.keys(dimension.wishes).length;
      if (values > open) continue;
      chosen.push(dimension);
      open -= values;
    }
    if (open === 0) return chosen;
  }
}

/** The members of a list in random order (Fisher-Yates). */
export function shuffled<T>(draws: Draws, list: readonly T[]): T[] {
  const rest = [...list];
  return list.map(() => {
    const taken = draws.pick(rest);
    rest.splice(rest.indexOf(taken), 1);
    return taken;
  });
}
