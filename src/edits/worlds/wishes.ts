/** The hidden wishes of a world: which domain wants which style, drawn from the world's seed. */

import type { Draws } from "../../random/index.ts";
import type { StyleDimension, WritingTask } from "./task.ts";
import type { HiddenDomain, Wish } from "./world.ts";

/**
 * The task's number of wishes for each domain, each on another dimension of style. A dimension that is used at all has each of its
 * values wanted by exactly one domain, so every wish is opposed by a wish of another domain and no single
 * rewrite serves them all.
 */
export function drawWishes(task: WritingTask, draws: Draws): HiddenDomain[] {
  const wishes: Wish[][] = task.domains.map(() => []);
  for (const dimension of drawDimensions(task, draws)) {
    const byLoad = shuffled(draws, wishes).sort((a, b) => a.length - b.length);
    shuffled(draws, Object.entries(dimension.wishes)).forEach(([value, text], i) => {
      byLoad[i]!.push({ dimension: dimension.name, value, text });
    });
  }
  return task.domains.map(({ name }, i) => ({ name, wishes: wishes[i]! }));
}

/** Random dimensions that together have as many values as the domains have wishes. */
function drawDimensions(
  { domains, dimensions, wishesPerDomain }: WritingTask,
  draws: Draws,
): StyleDimension[] {
  for (;;) {
    const chosen: StyleDimension[] = [];
    let open = domains.length * wishesPerDomain;
    for (const dimension of shuffled(draws, dimensions)) {
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
