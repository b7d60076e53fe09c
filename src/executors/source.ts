/** Where workers find a problem: a module and an export, never serialised code. */
import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { InvalidInput, type Oracle, type Problem } from "../core/index.ts";

/** A problem by module and export. */
export interface ProblemSource {
  /** Path or URL of a `.js` or `.ts` module. */
  readonly module: string | URL;
  /**
   * Name of the export: a problem, a study, or a function without arguments that gives one of these (or a promise of
   * it). Default `default`.
   */
  readonly export?: string;
  /** `problem.fingerprint` as the driver knows it: a worker that loaded anything else refuses to answer. */
  readonly fingerprint: string;
}

/** The module's address as a `file:` URL. */
export const moduleUrl = (module: string | URL): string =>
  module instanceof URL || /^[a-z]+:\/\//i.test(module)
    ? String(module)
    : pathToFileURL(resolve(module)).href;

/**
 * Loads a module, TypeScript too; `fpx` and its rooms mean this installation there. Throws `InvalidInput` with the
 * reason when it cannot be loaded.
 */
export async function loadModule(module: string | URL): Promise<Readonly<Record<string, unknown>>> {
  const url = moduleUrl(module);
  try {
    if (/\.[cm]?js$/.test(url)) return (await import(url)) as Record<string, unknown>;
    const { createJiti } = await import("jiti");
    return await createJiti(import.meta.url, { alias: ownRooms() }).import(url);
  } catch (cause) {
    throw new InvalidInput(`cannot load ${shownPath(url)}: ${reasonOf(cause)}`, { cause });
  }
}

/** The path of a `file:` URL, as people type it. */
const shownPath = (url: string): string => (url.startsWith("file:") ? fileURLToPath(url) : url);

/** What went wrong and where: the line that a parse error names, or the first one of the stack that is no library's. */
function reasonOf(cause: unknown): string {
  if (!(cause instanceof Error)) return String(cause);
  const [first = "", ...rest] = cause.message.split("\n").map((line) => line.trim());
  const place =
    rest.find((line) => /:\d+:\d+$/.test(line)) ??
    cause.stack
      ?.split("\n")
      .find((line) => /^\s+at .*:\d+:\d+\)?$/.test(line) && !/node:|node_modules/.test(line))
      ?.replace(/^\s+at (?:.*\()?|\)$/g, "");
  return place === undefined || first.includes(place) ? first : `${first} (${shownPath(place)})`;
}

/** Loads the problem; throws `InvalidInput` when the module holds none or the fingerprint differs. */
export async function loadProblem(
  source: Omit<ProblemSource, "fingerprint"> & { readonly fingerprint?: string },
): Promise<Problem> {
  const { module, export: name = "default", fingerprint } = source;
  const loaded = await loadModule(module);
  const where = `export "${name}" of ${moduleUrl(module)}`;
  let found = loaded[name];
  if (typeof found === "function") found = await (found as () => unknown)();
  const problem = ((found as { problem?: unknown } | undefined)?.problem ?? found) as Problem | undefined;
  if (typeof problem?.fingerprint !== "string")
    throw new InvalidInput(
      `${where} is no problem: it must have a fingerprint; the module exports ${Object.keys(loaded).join(", ") || "nothing"}`,
    );
  if (fingerprint !== undefined && problem.fingerprint !== fingerprint)
    throw new InvalidInput(
      `${where} has the fingerprint ${problem.fingerprint}, the run's problem ${fingerprint}: give the module that the run uses`,
    );
  return problem;
}

/** The oracle that a problem holds under `name`; throws `InvalidInput` when there is none. */
export function oracleOf(problem: Problem, name: string): Oracle<unknown, unknown, unknown> {
  const found = (problem as unknown as Record<string, unknown>)[name] as
    | Oracle<unknown, unknown, unknown>
    | undefined;
  if (typeof found?.answer !== "function")
    throw new InvalidInput(
      `the problem has no oracle "${name}": an oracle must be a member of its problem under its own name`,
    );
  return found;
}

interface PackageJson {
  readonly version: string;
  readonly exports: Readonly<Record<string, string>>;
}

const packageJson = (): PackageJson =>
  JSON.parse(readFileSync(new URL("../../package.json", import.meta.url), "utf8")) as PackageJson;

/** The version of this installation. */
export const fpxVersion = (): string => packageJson().version;

/** The public names of this installation and their files: rooms beside this file, so in `src` when run from source. */
function ownRooms(): Record<string, string> {
  const extension = import.meta.url.endsWith(".ts") ? ".ts" : ".js";
  const rooms: Record<string, string> = {
    "fpx/package.json": fileURLToPath(new URL("../../package.json", import.meta.url)),
  };
  for (const [key, target] of Object.entries(packageJson().exports)) {
    if (!/^\.\/dist\/[\w/-]+\/index\.js$/.test(target)) continue;
    const file = target.replace(/^\.\/dist\//, "../").replace(/\.js$/, extension);
    rooms[`fpx${key.slice(1)}`] = fileURLToPath(new URL(file, import.meta.url));
  }
  return rooms;
}
