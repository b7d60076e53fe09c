import type { Warning } from "./compile.ts";
import { type Comparison, comparisonsOf, truth } from "./formula.ts";
import type { ForAll } from "./rules.ts";

/** Up to so many comparisons are tried in all combinations. */
const MOST = 12;

/**
 * Warns when a rule on the signs of outputs allows several label sets of which none is part of another: outputs are
 * continuous, so on a connected region such a set cannot change, and the model is constant there.
 *
 * A rule is looked at when its comparisons on outputs are all of one output with zero.
 */
export function constantModelWarning(rule: ForAll, isOutput: (name: string) => boolean): Warning | undefined {
  const conditions: Comparison[] = [];
  const signs = new Map<Comparison, { output: string; positive: boolean }>();
  for (const comparison of comparisonsOf(rule.formula)) {
    const { constant, terms } = comparison.affine;
    const names = Object.keys(terms).filter((name) => terms[name] !== 0);
    if (names.every((name) => !isOutput(name))) {
      conditions.push(comparison);
      continue;
    }
    if (names.length !== 1 || constant !== 0) return undefined;
    // a f < 0 with a < 0 says that f is positive; with a > 0 it denies it.
    signs.set(comparison, { output: names[0]!, positive: terms[names[0]!]! < 0 });
  }
  const outputs = [...new Set([...signs.values()].map(({ output }) => output))];
  if (outputs.length < 2 || outputs.length + conditions.length > MOST) return undefined;
  for (let given = 0; given < 1 << conditions.length; given++) {
    const allowed: number[] = [];
    for (let labels = 0; labels < 1 << outputs.length; labels++) {
      const holds = (comparison: Comparison): boolean => {
        const sign = signs.get(comparison);
        if (sign === undefined) return ((given >> conditions.indexOf(comparison)) & 1) === 1;
        return ((labels >> outputs.indexOf(sign.output)) & 1) === (sign.positive ? 1 : 0);
      };
      if (truth(rule.formula, holds)) allowed.push(labels);
    }
    if (allowed.length >= 2 && allowed.every((a) => allowed.every((b) => a === b || (a & b) !== a))) {
      return {
        code: "CONSTANT_MODEL",
        rule: rule.name,
        message: `rule "${rule.name}" allows ${allowed.length} label sets of ${outputs.join(", ")}, none part of another: a continuous model keeps one of them for all inputs, so it is constant; decode by argmax in place of signs`,
      };
    }
  }
  return undefined;
}
