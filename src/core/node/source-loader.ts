import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { pathToFileURL } from "node:url";

/** The module to `--import` in worker threads that read TypeScript, when fpx itself runs from source. */
export function sourceLoader(): string {
  const folder = dirname(createRequire(import.meta.url).resolve("jiti"));
  return pathToFileURL(join(folder, "jiti-register.mjs")).href;
}
