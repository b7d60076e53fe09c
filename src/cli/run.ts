/** `fpx run`: runs a study, here, in threads or on a cluster; recorded, and resumed where it was left. */
import { resolve } from "node:path";
import type { Command } from "commander";
import {
  defineStudy,
  type Executor,
  InvalidInput,
  inline,
  type Problem,
  type RunResult,
  run as runSolver,
  type StopRules,
  type Study,
} from "../core/index.ts";
import { cluster, loadModule, threads } from "../executors/index.ts";
import { loadSnapshot, newId, openStore, recordRun, requireRun } from "../store/index.ts";
import type { Cli } from "./cli.ts";
import { UsageError } from "./errors.ts";
import { plural } from "./files.ts";
import { checkExecutor, integer, number } from "./options.ts";
import { packageVersion } from "./program.ts";
import { createProgress, formatDuration, progressMode, wantsColor } from "./progress.ts";
import { databaseOption } from "./recording.ts";

interface RunFlags {
  readonly seed?: number;
  readonly threads?: number;
  readonly cluster?: string;
  readonly maxSteps?: number;
  readonly maxCalls?: number;
  readonly maxSeconds?: number;
  readonly resume?: string;
  readonly db: string;
  readonly json?: boolean;
}

/** A study of any kind: what a module may default-export. */
type AnyStudy = Study<Problem, unknown, unknown>;

/** Adds options of `fpx run`. */
export function defineRun(command: Command, cli: Cli): void {
  databaseOption(command, cli, "where runs are recorded")
    .description(
      "Run a study: a module that default-exports defineStudy({ name, problem, solver, stop, seed }). The same seed gives the same bits here, in threads and on a cluster. Ctrl-C keeps what was reached; --resume goes on.",
    )
    .argument("[study]", "the module, .ts or .js; may be left out with --resume")
    .option("--seed <number>", "seed of the run (default: the study's, or 1)", integer())
    .option(
      "--threads <number>",
      "answer questions in worker threads",
      integer({ minimum: 1, maximum: 1024 }),
    )
    .option("--cluster <url>", "answer questions by workers on other machines; see fpx worker")
    .option("--max-steps <number>", "stop after so many steps in all", integer())
    .option("--max-calls <number>", "stop before more questions than this are asked in all", integer())
    .option("--max-seconds <number>", "stop after so many seconds", number({ minimum: 0 }))
    .option("--resume <id>", "go on with a run, also one that was killed")
    .option("--json", "print the outcome as JSON")
    .addHelpText(
      "after",
      "\nExamples:\n  $ fpx run study.ts --threads 4\n  $ fpx run study.ts --cluster redis://10.0.0.5\n  $ fpx run --resume <id> --max-steps 5000\n",
    )
    .action((module: string | undefined, flags: RunFlags) => runStudy(module, flags, cli));
}

async function runStudy(module: string | undefined, flags: RunFlags, cli: Cli): Promise<void> {
  const { json = false, resume } = flags;
  checkExecutor(flags);
  if (module === undefined && resume === undefined)
    throw new UsageError("name the module of the study, or go on with a run by --resume ID");
  const store = await openStore(flags.db);
  try {
    const earlier = resume === undefined ? undefined : await requireRun(store, resume);
    if (earlier && earlier.command !== "run")
      throw new InvalidInput(
        `${resume} is a run of fpx ${earlier.command}, not of fpx run: go on with that command`,
      );
    const path = resolve(module ?? earlier?.resume?.[1] ?? "");
    const study = await loadStudy(path);
    const from = earlier === undefined ? undefined : await loadSnapshot(store, earlier.id);
    const id = earlier?.id ?? newId();
    const seed = from?.seed ?? flags.seed ?? study.seed ?? 1;
    if (from !== undefined && flags.seed !== undefined && flags.seed !== from.seed)
      throw new UsageError(`${resume} has the seed ${from.seed}: leave out --seed, or start a new run`);
    const stop = { ...study.stop, ...limits(flags) };

    const mode = progressMode(cli.stderr, cli.env, json);
    const progress = createProgress({ stream: cli.stderr, mode, color: wantsColor(cli.stderr, cli.env) });
    const signal = cli.interruptible(`stopping; go on later with fpx run --resume ${id}`);
    const executor = executorOf(flags, path, study, id, (line) => progress.note(line));
    const began = performance.now();
    progress.note(`run ${id}${from === undefined ? "" : `, from step ${from.step}`}`);
    progress.start(study.name, {
      done: from?.step ?? 0,
      ...(stop.maxSteps === undefined ? {} : { total: stop.maxSteps }),
    });
    let outcome: RunResult<unknown, unknown>;
    try {
      outcome = await recordRun(
        store,
        {
          id,
          name: study.name,
          command: "run",
          solver: study.solver.name,
          seed: String(seed),
          fingerprint: study.problem.fingerprint,
          version: packageVersion(),
          resume: ["run", path, "--resume", id],
          signal,
          summary: plain,
        },
        ({ observers, ...recorded }) =>
          runSolver(study.solver, study.problem, {
            seed,
            stop,
            executor,
            ...(from === undefined ? {} : { from }),
            observers: [...observers, ({ step, metrics }) => progress.update(step, metrics)],
            ...recorded,
          }),
      );
      progress.finish();
    } finally {
      progress.clear();
      await executor.close();
    }
    const seconds = (performance.now() - began) / 1000;
    await cli.print(
      json ? asJson(id, study, seed, outcome, seconds) : asText(id, study, seed, outcome, seconds),
    );
    if (outcome.status === "diverged") cli.setExitCode(1);
  } finally {
    await store.close();
  }
}

async function loadStudy(path: string): Promise<AnyStudy> {
  const found = (await loadModule(path))["default"] as AnyStudy | undefined;
  if (found?.solver === undefined || found.problem === undefined)
    throw new InvalidInput(
      `the default export of ${path} is no study: write export default defineStudy({ ... })`,
    );
  return defineStudy(found);
}

const limits = ({ maxSteps, maxCalls, maxSeconds }: RunFlags): StopRules => ({
  ...(maxSteps === undefined ? {} : { maxSteps }),
  ...(maxCalls === undefined ? {} : { maxCalls }),
  ...(maxSeconds === undefined ? {} : { maxSeconds }),
});

function executorOf(
  flags: RunFlags,
  module: string,
  { problem: { fingerprint } }: AnyStudy,
  run: string,
  onNote: (line: string) => void,
): Executor {
  if (flags.threads !== undefined) return threads(flags.threads, { module, fingerprint });
  if (flags.cluster !== undefined) return cluster(flags.cluster, { module, fingerprint, run, onNote });
  return inline;
}

/** A value as JSON can carry it: typed arrays as arrays, numbers that JSON lacks as their names. */
function plain(value: unknown): unknown {
  if (typeof value === "number" && !Number.isFinite(value)) return String(value);
  if (typeof value === "bigint") return String(value);
  if (typeof value !== "object" || value === null) return value;
  if (ArrayBuffer.isView(value)) return Array.from(value as Float64Array, plain);
  if (Array.isArray(value)) return value.map(plain);
  if ("toJSON" in value && typeof value.toJSON === "function") return plain(value.toJSON());
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, plain(item)]));
}

function asJson(
  id: string,
  study: AnyStudy,
  seed: unknown,
  { result, status, steps, calls, reproducible, snapshot }: RunResult<unknown, unknown>,
  seconds: number,
): string {
  const metrics = study.solver.metrics(snapshot.state);
  const body = { id, study: study.name, seed, status, steps, calls, seconds, reproducible, metrics, result };
  return `${JSON.stringify(plain(body))}\n`;
}

/** Longer results are cut in the text; `--json` prints them whole. */
const cut = (text: string): string =>
  text.length > 400 ? `${text.slice(0, 400)}... (whole with --json)` : text;

function asText(
  id: string,
  study: AnyStudy,
  seed: unknown,
  { result, status, steps, calls, reproducible, snapshot }: RunResult<unknown, unknown>,
  seconds: number,
): string {
  const metrics = Object.entries(study.solver.metrics(snapshot.state)).map(
    ([name, value]) => `  ${name}  ${value}\n`,
  );
  const shown = study.report?.(result) ?? cut(JSON.stringify(plain(result)) ?? "nothing");
  const clock = reproducible ? "" : "; a clock ended it, so another run may end elsewhere";
  const more = status === "converged" ? "" : `\nGo on: fpx run --resume ${id}\n`;
  return `${study.name}, seed ${seed}: ${status} after ${plural(steps, "step")}, ${plural(calls, "question")}, ${formatDuration(seconds)}${clock}\n${metrics.join("")}result  ${shown}\n${more}`;
}
