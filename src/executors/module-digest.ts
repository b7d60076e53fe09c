/** What a module says, for a driver and its workers to compare: they may hold copies of different age. */
import { createHash } from "node:crypto";
import { readFileSync, statSync } from "node:fs";
import { fileURLToPath, pathToFileURL } from "node:url";
import { InvalidInput } from "../core/index.ts";
import { moduleUrl } from "./source.ts";

const RELATIVE_IMPORT = /\b(?:from|import|require)\s*\(?\s*["'](\.{1,2}\/[^"']+)["']/g;
/** What may follow the name that an import gives. */
const ENDINGS = ["", ".ts", ".js", ".mts", ".mjs", ".cts", ".cjs", "/index.ts", "/index.js"];
/** The sources that a name may stand for, as TypeScript resolves it: "./a.js" is "./a.ts" where that is what there is. */
const namesOf = (path: string): readonly string[] => [
  ...ENDINGS.map((ending) => path + ending),
  ...(/\.[cm]?js$/.test(path) ? [path.replace(/js$/, "ts")] : []),
];

/**
 * A digest of the module's text and of the files that it imports by relative paths, and they, and so on. Packages are
 * left out. Throws `InvalidInput` when the module cannot be read.
 */
export function moduleDigest(module: string | URL): string {
  const hash = createHash("sha256");
  const files = [fileOf(moduleUrl(module))];
  // Grows while it is walked through: each file once, in the order in which imports name them.
  for (const file of files) {
    const text = readFileSync(file, "utf8");
    hash.update(text).update("\0");
    for (const [, path] of text.matchAll(RELATIVE_IMPORT)) {
      const found = namesOf(path!)
        .map((name) => fileURLToPath(new URL(name, pathToFileURL(file))))
        .find(isFile);
      if (found !== undefined && !files.includes(found)) files.push(found);
    }
  }
  return hash.digest("base64url").slice(0, 32);
}

function fileOf(url: string): string {
  const file = url.startsWith("file:") ? fileURLToPath(url) : "";
  if (!isFile(file)) throw new InvalidInput(`cannot load ${url}: there is no such file`);
  return file;
}

const isFile = (path: string): boolean => statSync(path, { throwIfNoEntry: false })?.isFile() ?? false;
