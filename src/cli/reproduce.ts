/** `fpx reproduce`: runs the studies of the papers and sets our figures beside the published ones. */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import type { Command } from "commander";
import type { Findings, Reproduction, Row } from "fpx/experiments";
import { Cancelled } from "../core/errors.ts";
import type { Executor } from "../core/index.ts";
import { withLock, writeFileAtomic } from "../core/node/index.ts";
import { cluster, threads } from "../executors/index.ts";
import { standaloneSvg } from "../report/index.ts";
import type { Cli } from "./cli.ts";
import { fileError, UsageError } from "./errors.ts";
import { makeFolder } from "./files.ts";
import { makeOutputFolder } from "./learn-folder.ts";
import { checkExecutor, integer } from "./options.ts";
import { packageVersion } from "./program.ts";
import { createProgress, progressMode, wantsColor } from "./progress.ts";
import { type RecordFlags, recorded, recordedProgress, recordOptions, resumeLine } from "./recording.ts";
import {
  claimsOf,
  describeClaim,
  type FinishedRow,
  plotFile,
  reproductionMarkdown,
  reproductionPage,
} from "./reproduce-report.ts";
import { REPRODUCTIONS, studyModule } from "./reproductions.ts";

interface ReproduceFlags extends RecordFlags {
  readonly quick?: boolean;
  readonly seed: number;
  readonly only?: readonly string[];
  readonly out?: string;
  readonly resume?: boolean;
  readonly threads?: number;
  readonly cluster?: string;
  readonly json?: boolean;
}

const ALL = "all";

/** Adds options of `fpx reproduce`. */
export function defineReproduce(
  command: Command,
  cli: Cli,
  reproductions: typeof REPRODUCTIONS = REPRODUCTIONS,
): void {
  const rooms = Object.keys(reproductions);
  recordOptions(command, cli)
    .description(
      "Run the study of a paper, row by row, and write a report that sets every published claim beside our figure, with a verdict. Ctrl-C keeps the rows that are done.",
    )
    .argument("<room>", `${rooms.join(", ")}, or ${ALL}`)
    .option("--quick", "fewer seeds and steps; a room ends within a minute")
    .option("--seed <number>", "first seed", integer(), 1)
    .option(
      "--only <rows>",
      "run these rows only, as in R1,R3; others are taken from --out if they lie there",
      list,
    )
    .option("--out <folder>", "where report.html, report.md and the plots go (default: out/reproduce/<room>)")
    .option("--resume", "go on: rows that are done under the same settings are not run again")
    .option(
      "--threads <number>",
      "run seeds, instances and replications side by side in worker threads; what is timed runs alone",
      integer({ minimum: 1, maximum: 1024 }),
    )
    .option("--cluster <url>", "run them by workers on other machines; see docs/scaling.md")
    .option("--json", "print the claims as JSON")
    .addHelpText(
      "after",
      "\nExamples:\n  $ fpx reproduce games --quick\n  $ fpx reproduce games --only R3 --seed 7\n  $ fpx reproduce all --resume\n",
    )
    .action((room: string, flags: ReproduceFlags) => reproduce(room, flags, cli, reproductions));
}

const list = (text: string): readonly string[] => text.split(",").map((name) => name.trim());

async function reproduce(
  room: string,
  flags: ReproduceFlags,
  cli: Cli,
  reproductions: typeof REPRODUCTIONS,
): Promise<void> {
  const { quick = false, seed, resume = false, json = false, only } = flags;
  checkExecutor(flags);
  const rooms = room === ALL ? Object.keys(reproductions) : [room];
  const studies = await Promise.all(
    rooms.map((name) => {
      const load = Object.hasOwn(reproductions, name) ? reproductions[name] : undefined;
      if (load === undefined)
        throw new UsageError(
          `"${name}" is no room with a study; choose one of ${[...Object.keys(reproductions), ALL].join(", ")}`,
        );
      return load();
    }),
  );
  checkRows(only, studies);

  const mode = progressMode(cli.stderr, cli.env, json);
  const observer = createProgress({ stream: cli.stderr, mode, color: wantsColor(cli.stderr, cli.env) });
  const out = flags.out ?? join("out", "reproduce", room);
  await makeOutputFolder(out);
  await withLock(out, async () => {
    const signal = cli.interruptible("stopping; go on later with the same command and --resume");
    const settings: Settings = { version: packageVersion(), quick, seed };
    const run = {
      name: `reproduce ${room}`,
      command: "reproduce",
      seed,
      resume: resumeLine(cli.args, "", { "--out": out }),
      signal,
    };
    const finished: FinishedRow[] = [];
    await recorded(flags, run, async (recorder) => {
      const progress = recordedProgress(observer, recorder);
      try {
        for (const study of studies) {
          const executor = executorOf(flags, study, (line) => observer.note(line));
          try {
            for (const row of study.rows) {
              const file = join(out, "rows", `${study.room}-${row.id}.json`);
              const asked = only === undefined || only.includes(row.id);
              const earlier = resume || !asked ? await earlierFindings(file, settings) : undefined;
              if (earlier === undefined && !asked) continue;
              const kept = earlier ?? (await runRow(row, settings, recorder.signal, executor, progress));
              if (earlier === undefined) await save(file, { ...settings, ...kept });
              finished.push({ study, row, ...kept });
            }
          } finally {
            await executor?.close();
          }
        }
      } finally {
        observer.clear();
      }
      const report = { room, quick, seed, version: settings.version, finished };
      try {
        for (const [i, { title, svg }] of finished.flatMap(({ findings }) => findings.plots).entries())
          await writeFileAtomic(join(out, plotFile(i, title)), standaloneSvg(svg));
        await writeFileAtomic(join(out, "report.html"), reproductionPage(report));
        await writeFileAtomic(join(out, "report.md"), reproductionMarkdown(report));
      } catch (error) {
        throw fileError(out, error);
      }
      const claims = claimsOf(finished);
      await cli.print(
        json
          ? `${JSON.stringify({ claims })}\n`
          : `${claims.map(describeClaim).join("\n")}\n\nWritten to ${out}: report.html, report.md, and the plots.\n`,
      );
      return { status: "done", steps: progress.steps(), calls: 0, summary: { claims } };
    });
  });
}

/** Who answers a study's questions; rows ask them here unless somebody does. */
function executorOf(
  flags: ReproduceFlags,
  { room, problem: { fingerprint } }: Reproduction,
  onNote: (line: string) => void,
): Executor | undefined {
  const source = { module: studyModule(room), export: "reproduction", fingerprint };
  if (flags.threads !== undefined) return threads(flags.threads, source);
  if (flags.cluster !== undefined) return cluster(flags.cluster, { ...source, onNote });
  return undefined;
}

function checkRows(only: readonly string[] | undefined, studies: readonly Reproduction[]): void {
  const known = studies.flatMap(({ rows }) => rows.map(({ id }) => id));
  const unknown = only?.find((id) => !known.includes(id));
  if (unknown !== undefined)
    throw new UsageError(`there is no row "${unknown}"; choose among ${known.join(", ")}`);
}

/** What a finished row is kept under: one that ran under others is run again. */
interface Settings {
  readonly version: string;
  readonly quick: boolean;
  readonly seed: number;
}

interface Kept {
  readonly findings: Findings;
  readonly seconds: number;
}

async function runRow(
  row: Row,
  { quick, seed }: Settings,
  signal: AbortSignal,
  executor: Executor | undefined,
  observer: ReturnType<typeof createProgress>,
): Promise<Kept> {
  if (signal.aborted) throw new Cancelled("stopped; the rows that are done are kept");
  const began = performance.now();
  let parts = 0;
  const findings = await row.run({
    quick,
    seed,
    signal,
    executor,
    progress(done, total) {
      if (total !== parts) observer.start(`${row.id}: ${row.title}`, { total, unit: "parts" });
      parts = total;
      observer.update(done);
    },
  });
  observer.finish();
  return { findings, seconds: (performance.now() - began) / 1000 };
}

async function earlierFindings(file: string, settings: Settings): Promise<Kept | undefined> {
  let text: string;
  try {
    text = await readFile(file, "utf8");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw fileError(file, error);
  }
  let kept: Settings & Kept;
  try {
    kept = JSON.parse(text) as Settings & Kept;
  } catch {
    // Cut short by a full disk or a hand: the row is run again.
    return undefined;
  }
  const same = (Object.keys(settings) as (keyof Settings)[]).every((key) => kept[key] === settings[key]);
  return same ? { findings: kept.findings, seconds: kept.seconds } : undefined;
}

async function save(file: string, row: Settings & Kept): Promise<void> {
  try {
    await makeFolder(join(file, ".."));
    await writeFileAtomic(file, JSON.stringify(row));
  } catch (error) {
    throw fileError(file, error);
  }
}
