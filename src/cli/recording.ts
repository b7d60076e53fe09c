/** Recording what long commands do, so that `fpx runs` and the studio show it while it goes on and afterwards. */
import { resolve } from "node:path";
import type { Command } from "commander";
import type { Certificate } from "../constraints/index.ts";
import {
  addCertificate,
  DEFAULT_DATABASE,
  newId,
  openStore,
  type Recorder,
  recordWork,
  type WorkOutcome,
} from "../store/index.ts";
import type { Cli } from "./cli.ts";
import { packageVersion } from "./program.ts";
import type { Progress } from "./progress.ts";

/** The variable that names the database where `--db` does not. */
const DATABASE_VARIABLE = "FPX_DB";

/** Adds `--db`. */
export function databaseOption(command: Command, { env }: Cli, what = "the database"): Command {
  return command.option(
    "--db <location>",
    `${what}: a SQLite file or postgres://... (variable ${DATABASE_VARIABLE})`,
    env[DATABASE_VARIABLE] || DEFAULT_DATABASE,
  );
}

/** What `recordOptions` adds. */
export interface RecordFlags {
  readonly db: string;
  readonly record: boolean;
}

/** Adds `--db` and `--no-record`. */
export function recordOptions(command: Command, cli: Cli): Command {
  return databaseOption(command, cli, "where this run is recorded").option(
    "--no-record",
    "keep no record of this run",
  );
}

/** The run of a command. */
export interface RecordedCommand {
  /** Goes on with the record of this id; a new one unless given. */
  readonly id?: string | undefined;
  readonly name: string;
  readonly command: string;
  readonly seed?: number | undefined;
  /** Arguments of `fpx` that go on with it. */
  readonly resume?: readonly string[] | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** What work gets to record itself. */
export interface CommandRecorder extends Recorder {
  /** Keeps a certificate that the run made. */
  keepCertificate(name: string, certificate: Certificate): Promise<void>;
}

/** Does the work of a command and records it, unless `--no-record` is given. `summary` is kept as the run's result. */
export async function recorded<T extends WorkOutcome & { readonly summary?: unknown }>(
  { db, record }: RecordFlags,
  { id = newId(), seed, ...run }: RecordedCommand,
  work: (recorder: CommandRecorder) => Promise<T>,
): Promise<T> {
  if (!record) return work({ id, signal: run.signal ?? new AbortController().signal, before: 0, ...NOTHING });
  const store = await openStore(db);
  try {
    const options = {
      ...run,
      id,
      version: packageVersion(),
      ...(seed === undefined ? {} : { seed: String(seed) }),
      summary: ({ summary }: T) => summary,
    };
    return await recordWork(store, options, (recorder) =>
      work({
        ...recorder,
        async keepCertificate(name, { results }) {
          const rules = results.map(({ rule, status: verdict, slack, counterexample }) => ({
            rule,
            verdict,
            slack,
            ...(counterexample === undefined ? {} : { counterexample: { ...counterexample } }),
          }));
          await addCertificate(store, { name, run: id, rules });
        },
      }),
    );
  } finally {
    await store.close();
  }
}

const NOTHING = {
  point: () => undefined,
  flush: async () => undefined,
  keepCertificate: async () => undefined,
} as const;

/**
 * A progress display whose stages are recorded too: their units count on from stage to stage, and the metrics of a
 * stage become curves under its name, such as `sft loss`.
 */
export function recordedProgress(
  progress: Progress,
  { before, point }: CommandRecorder,
): Progress & { readonly steps: () => number } {
  let base = before;
  let label = "";
  let startedWith = 0;
  let steps = before;
  return {
    ...progress,
    steps: () => steps,
    start(stage, options) {
      label = stage;
      startedWith = options?.done ?? 0;
      base = steps;
      progress.start(stage, options);
    },
    update(done, metrics = {}) {
      progress.update(done, metrics);
      const step = base + done - startedWith;
      if (step <= steps) return;
      steps = step;
      const named = Object.entries(metrics).map(([name, value]) => [`${label} ${name}`, value]);
      point({ step, calls: 0, metrics: Object.fromEntries(named) });
    },
  };
}

/** A command line as one that goes on with `--resume`, from any folder: its argument and `paths` are made absolute. */
export function resumeLine(
  args: readonly string[],
  argument: string,
  paths: Readonly<Record<string, string>>,
): readonly string[] {
  const left = args.filter((arg) => !["--resume", "--force", "--json"].includes(arg));
  const at = left.indexOf(argument);
  return [
    ...left.map((arg, i) => (i === at ? resolve(argument) : arg)),
    // The last one of an option counts.
    ...Object.entries(paths).flatMap(([flag, path]) => [flag, resolve(path)]),
    "--resume",
  ];
}
