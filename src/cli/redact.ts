/** The option `--redact MODULE#name`. */
import { InvalidInput } from "../core/errors.ts";
import type { Redact } from "../edits/index.ts";
import { loadFunction } from "./files.ts";

/** Loads the function; what it throws later names it. */
export async function loadRedact(reference: string): Promise<Redact> {
  const call = await loadFunction(reference, "--redact");
  return (text, field) => {
    try {
      return call(text, field) as string;
    } catch (error) {
      throw new InvalidInput(`${reference} threw on a text of ${field}: ${(error as Error).message}`, {
        cause: error,
      });
    }
  };
}
