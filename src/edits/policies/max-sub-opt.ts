/** How costly a wrong choice of method can be (Misra et al. 2025, section 5). */
import { InvalidInput, NonFinite } from "../../core/errors.ts";

/** The worst gap of a policy to the best policy of each setting. */
export interface SubOptimality {
  /** Mean over seeds of the worst gap over settings: per seed first, as the published figures evidently are. */
  readonly mean: number;
  readonly perSeed: readonly number[];
}

/**
 * Of every policy the largest excess over the best policy, over all settings (kinds of user, tasks), seed by seed.
 *
 * @param costs mean edit cost by policy name, then [setting][seed]; the same settings and seeds for each policy.
 * @throws InvalidInput when shapes differ or something is empty; NonFinite for a cost that is no number.
 * @example maxSubOpt({ sft: [[0.1], [0.9]], dpo: [[0.3], [0.4]] }).sft.mean; // 0.5
 */
export function maxSubOpt<Name extends string>(
  costs: Readonly<Record<Name, readonly (readonly number[])[]>>,
): Record<Name, SubOptimality> {
  const names = Object.keys(costs) as Name[];
  const settings = names.length === 0 ? 0 : costs[names[0]!].length;
  const seeds = settings === 0 ? 0 : costs[names[0]!][0]!.length;
  if (seeds === 0) throw new InvalidInput("give at least one policy with one setting and one seed");
  for (const name of names) {
    if (costs[name].length !== settings || costs[name].some((row) => row.length !== seeds))
      throw new InvalidInput(`the costs of "${name}" are not ${settings} settings of ${seeds} seeds each`);
    for (const row of costs[name])
      for (const cost of row)
        if (!Number.isFinite(cost)) throw new NonFinite(`a cost of "${name}" is ${cost}`);
  }
  const worst = (name: Name, seed: number): number => {
    let gap = 0;
    for (let setting = 0; setting < settings; setting++) {
      const best = Math.min(...names.map((other) => costs[other][setting]![seed]!));
      gap = Math.max(gap, costs[name][setting]![seed]! - best);
    }
    return gap;
  };
  const entries = names.map((name): [Name, SubOptimality] => {
    const perSeed = Array.from({ length: seeds }, (_, seed) => worst(name, seed));
    return [name, { mean: perSeed.reduce((sum, gap) => sum + gap, 0) / seeds, perSeed }];
  });
  return Object.fromEntries(entries) as Record<Name, SubOptimality>;
}
