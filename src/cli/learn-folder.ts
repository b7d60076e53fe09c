/** What `fpx learn` leaves behind: the output folder, and the snapshots of a run that has not ended. */
import { access, readdir, readFile, rename, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import { Cancelled } from "../core/errors.ts";
import { writeFileAtomic } from "../core/node/index.ts";
import type { ReferenceCache, StageStore } from "../edits/index.ts";
import { clearStale, type Derived, type Staleness, staleness } from "../edits/node/index.ts";
import { newId } from "../store/index.ts";
import { fileError, UsageError } from "./errors.ts";
import { makeFolder } from "./files.ts";

/** Snapshots of an unfinished run lie here until it ends well. */
const RUN = "run";
const SNAPSHOT = ".snapshot";

/** The base model's log-probabilities of the log's texts; they outlive the run. */
const REFERENCE = "reference.json";

/** The output folder of one learning run. */
export interface LearnFolder {
  readonly path: string;
  /** The run's id, the same when it goes on. */
  readonly id: string;
  readonly store: StageStore;
  readonly cache: ReferenceCache;
  /** Where the outputs are gathered before they take the place of older ones. */
  readonly gathered: string;
  /** Seconds of work so far, those before the run was stopped included. */
  seconds(): number;
  /** Moves the gathered outputs into the folder, metrics.json last, and removes the snapshots. */
  finish(): Promise<void>;
  /** After an error: leaves nothing behind where there is nothing to go on from. */
  abandon(error: unknown): Promise<void>;
}

/** Makes the output folder, so that it can be locked. Throws file errors that name the path. */
export async function makeOutputFolder(path: string): Promise<void> {
  try {
    await makeFolder(path);
  } catch (error) {
    throw fileError(path, error);
  }
}

/** What is known of an unfinished run before its snapshots are read. */
interface Started {
  /** Name of the model runtime, with its threads: the bits of a run hold for one. */
  readonly runtime: string;
  readonly seconds: number;
  readonly id: string;
}

/**
 * Opens an output folder, under its lock. Throws `UsageError` when an unfinished run lies there and `resume` is not asked for, or the other
 * way round, and file errors that name the path when it cannot be written.
 */
export async function openLearnFolder(
  path: string,
  { resume, force, runtime }: { readonly resume: boolean; readonly force: boolean; readonly runtime: string },
): Promise<LearnFolder> {
  const run = join(path, RUN);
  const gathered = join(run, "outputs");
  const startedFile = join(run, "started.json");
  let before = 0;
  let id = newId();
  const began = performance.now();
  const seconds = (): number => before + (performance.now() - began) / 1000;
  const writeStarted = (): Promise<void> =>
    writeFileAtomic(
      startedFile,
      `${JSON.stringify({ runtime, seconds: seconds(), id } satisfies Started)}\n`,
    );
  try {
    const unfinished = await exists(run);
    if (resume && !unfinished)
      throw new UsageError(`${path} holds no unfinished run: leave out --resume, or name its --out`);
    if (unfinished && !resume) {
      if (!force)
        throw new UsageError(`${path} holds an unfinished run: go on by --resume, or start again by --force`);
      await rm(run, { recursive: true });
    }
    const stale = resume ? await staleness(run) : undefined;
    if (stale !== undefined)
      throw new UsageError(
        `the unfinished run in ${path} learned from a person who was forgotten on ${stale.since}: start again by --force`,
      );
    await makeFolder(run);
    await rm(gathered, { recursive: true, force: true });
    await makeFolder(gathered);
    if (resume && (await exists(startedFile))) {
      const started = JSON.parse(await readFile(startedFile, "utf8")) as Started;
      if (started.runtime !== runtime)
        throw new UsageError(
          `the unfinished run in ${path} was begun on ${started.runtime}, this is ${runtime}: go on with the same runtime and --threads, or start again by --force`,
        );
      before = started.seconds;
      id = started.id ?? id;
    }
    // Finds out now, and not after an hour of training, that nothing can be written here.
    await writeStarted();
  } catch (error) {
    throw fileError(path, error);
  }
  return {
    path,
    id,
    store: {
      async load(stage) {
        const file = join(run, `${stage}${SNAPSHOT}`);
        return (await exists(file)) ? readFile(file) : undefined;
      },
      async save(stage, bytes) {
        try {
          await writeFileAtomic(join(run, `${stage}${SNAPSHOT}`), bytes);
          await writeStarted();
        } catch (error) {
          throw fileError(path, error);
        }
      },
    },
    cache: {
      async load() {
        const file = join(path, REFERENCE);
        return (await exists(file)) ? readFile(file, "utf8") : undefined;
      },
      async save(text) {
        try {
          await writeFileAtomic(join(path, REFERENCE), text);
        } catch (error) {
          throw fileError(path, error);
        }
      },
    },
    gathered,
    seconds,
    async finish() {
      for (const name of ["metrics.json", "report.html", "adapters", "model"])
        await rm(join(path, name), { recursive: true, force: true });
      for (const name of ["model", "adapters", "report.html", "metrics.json"])
        if (await exists(join(gathered, name))) await rename(join(gathered, name), join(path, name));
      await rm(run, { recursive: true });
      await clearStale(path);
    },
    async abandon(error) {
      if (error instanceof Cancelled) return;
      const kept = await readdir(run).catch(() => []);
      if (kept.some((file) => file.endsWith(SNAPSHOT))) return;
      await rm(run, { recursive: true, force: true });
    },
  };
}

/** What a run into this folder makes of its log. */
export function derivedIn(path: string): readonly Derived[] {
  return [
    { kind: "policy", path },
    { kind: "snapshot", path: join(path, RUN) },
    { kind: "cache", path: join(path, REFERENCE) },
  ];
}

/** Whether an adapter, or the output folder that it lies in, learned from a person who was forgotten since. */
export async function staleAdapter(path: string): Promise<Staleness | undefined> {
  for (const folder of [path, join(path, ".."), join(path, "..", "..")]) {
    const stale = await staleness(folder);
    if (stale !== undefined) return stale;
  }
  return undefined;
}

/** The output folder of `fpx learn` that an adapter lies in; `undefined` for an adapter from elsewhere. */
export async function learnFolderOf(adapter: string): Promise<string | undefined> {
  for (const folder of [adapter, join(adapter, ".."), join(adapter, "..", "..")])
    if (await exists(join(folder, "metrics.json"))) return folder;
  return undefined;
}

/** The folder of an adapter: the folder itself, or the method's inside the output folder of `fpx learn`. */
export async function findAdapter(path: string, method: string | undefined): Promise<string> {
  if (await exists(join(path, "adapter_config.json"))) {
    if (method !== undefined)
      throw new UsageError(
        `${path} is one adapter: leave out --method, or name the output folder of fpx learn`,
      );
    return path;
  }
  const metrics = join(path, "metrics.json");
  if (!(await exists(metrics))) {
    await stat(path).catch((error: unknown) => {
      throw fileError(path, error);
    });
    throw new UsageError(`${path} holds no adapter: name an adapter folder or the --out folder of fpx learn`);
  }
  const { recommended, methods } = readMetrics(metrics, await readFile(metrics, "utf8"));
  const chosen = method ?? recommended;
  if (!methods.includes(chosen))
    throw new UsageError(`${path} has no adapter "${chosen}": choose one of ${methods.join(", ")}`);
  return join(path, "adapters", chosen);
}

function readMetrics(path: string, text: string): { recommended: string; methods: readonly string[] } {
  try {
    const { recommended, methods } = JSON.parse(text) as { recommended?: unknown; methods?: unknown };
    if (typeof recommended === "string" && Array.isArray(methods)) return { recommended, methods };
  } catch {
    // Told below.
  }
  throw new UsageError(`${path} was not written by fpx learn: name its --out folder, or an adapter folder`);
}

const exists = (path: string): Promise<boolean> =>
  access(path).then(
    () => true,
    () => false,
  );
