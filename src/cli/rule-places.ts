/** Errors about a rule say where it stands in its file. */
import type { RulesFile } from "../constraints/index.ts";
import { FpxError } from "../core/errors.ts";

/** Does the work; an error that names one of the rules gets the rule's file and line. */
export async function placingRules<T>({ rules, places }: RulesFile, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof FpxError)) throw error;
    const { message } = error;
    const at = rules.findIndex(({ name }) => message.startsWith(`rule "${name}"`));
    if (at < 0) throw error;
    throw new FpxError(error.code, `${places[at]}: ${message}`);
  }
}
