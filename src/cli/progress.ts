/** Progress of long work on stderr: one rewritten line on a terminal, plain lines or JSON lines elsewhere. */
import pc from "picocolors";
import { displayWidth } from "../report/index.ts";
import type { TextStream } from "./cli.ts";

/** `line` rewrites one line, `plain` writes a line now and then, `json` writes JSON lines, `silent` nothing. */
export type ProgressMode = "line" | "plain" | "json" | "silent";

/** Numbers shown beside the progress, by name, in this order. */
type Metrics = Readonly<Record<string, number>>;

export interface ProgressOptions {
  readonly stream: TextStream;
  readonly mode: ProgressMode;
  /** Milliseconds of a clock that never goes back; default `performance.now`. */
  readonly now?: () => number;
  /** Least milliseconds between two writes; default 100 for `line`, 5000 for `plain`, 1000 for `json`. */
  readonly interval?: number;
  /** Colours on a terminal; default true. */
  readonly color?: boolean;
}

interface StageOptions {
  /** Units of work in all; without it there is no bar, percentage or time left. */
  readonly total?: number;
  /** Units done before this run, for work that is resumed; default 0. They do not count for the rate. */
  readonly done?: number;
  /** What is counted, e.g. "steps"; default "steps". */
  readonly unit?: string;
}

/** Shows one stage at a time. */
export interface Progress {
  /** Begins a stage; one that is still open is finished first. */
  start(label: string, options?: StageOptions): void;
  /** `done` units of the stage are done. Cheap enough to be called at every step. */
  update(done: number, metrics?: Metrics): void;
  /** Writes a line of its own above the progress. */
  note(line: string): void;
  /** Ends the stage and leaves one line that says how long it took; does nothing when no stage is open. */
  finish(): void;
  /** Ends the stage without a closing line, e.g. before an error is shown; the terminal line is left empty. */
  clear(): void;
}

interface Stage {
  readonly label: string;
  readonly total: number | undefined;
  readonly unit: string;
  readonly startedAt: number;
  readonly startedWith: number;
  /** Recent (time, done) pairs, oldest first; the rate is taken over them. */
  readonly samples: { at: number; done: number }[];
  done: number;
  metrics: Metrics;
}

const INTERVALS: Readonly<Record<ProgressMode, number>> = { line: 100, plain: 5000, json: 1000, silent: 0 };
const RATE_WINDOW_MS = 15_000;
const SAMPLE_EVERY_MS = 500;
const BAR_CELLS = 20;
const CLEAR_LINE = "\r\u001b[2K";

/** The mode that fits the stream: JSON when asked for, one line on a terminal, else plain lines. */
export function progressMode(
  stream: TextStream,
  env: Readonly<Record<string, string | undefined>>,
  json: boolean,
): ProgressMode {
  if (json) return "json";
  return stream.isTTY === true && env["TERM"] !== "dumb" ? "line" : "plain";
}

/** Whether colours are wanted on this stream (https://no-color.org). */
export function wantsColor(stream: TextStream, env: Readonly<Record<string, string | undefined>>): boolean {
  return stream.isTTY === true && (env["NO_COLOR"] ?? "") === "" && env["TERM"] !== "dumb";
}

/**
 * Creates a progress display.
 *
 * @example
 * const progress = createProgress({ stream: process.stderr, mode: "line" });
 * progress.start("sft", { total: 300 });
 * progress.update(120, { loss: 0.41 });
 * progress.finish();
 */
export function createProgress(options: ProgressOptions): Progress {
  const { stream, mode, now = () => performance.now(), interval = INTERVALS[options.mode] } = options;
  const colors = pc.createColors(mode === "line" && (options.color ?? true));
  let stage: Stage | undefined;
  let lastWrite = Number.NEGATIVE_INFINITY;

  const write = (text: string): void => void stream.write(text);

  function draw(current: Stage): void {
    lastWrite = now();
    const seen = observe(current, lastWrite);
    if (mode === "json") write(`${JSON.stringify({ event: "progress", ...asJson(current, seen) })}\n`);
    else if (mode === "plain") write(`${describe(current, seen, colors, undefined)}\n`);
    else write(`${CLEAR_LINE}${describe(current, seen, colors, stream.columns || 80)}`);
  }

  function finish(): void {
    if (stage === undefined) return;
    const { label, unit, done, startedAt, startedWith, metrics } = stage;
    const seconds = (now() - startedAt) / 1000;
    if (mode === "json") {
      write(
        `${JSON.stringify({ event: "finish", stage: label, done, unit, seconds: round(seconds), metrics })}\n`,
      );
    } else if (mode !== "silent") {
      const work = done > startedWith ? `${count(done - startedWith)} ${unit} in ` : "";
      const tail = metricText(metrics);
      const line = `${label}: ${work}${formatDuration(seconds)}${tail === "" ? "" : `  ${tail}`}`;
      write(`${mode === "line" ? CLEAR_LINE : ""}${line}\n`);
    }
    stage = undefined;
  }

  return {
    start(label, { total, done = 0, unit = "steps" } = {}) {
      finish();
      const at = now();
      stage = {
        label,
        total,
        unit,
        startedAt: at,
        startedWith: done,
        samples: [{ at, done }],
        done,
        metrics: {},
      };
      if (mode === "json") {
        write(`${JSON.stringify({ event: "start", stage: label, done, total: total ?? null, unit })}\n`);
        lastWrite = at;
      } else if (mode === "line") draw(stage);
      else lastWrite = at;
    },
    update(done, metrics = {}) {
      if (stage === undefined) return;
      stage.done = done;
      stage.metrics = metrics;
      if (mode !== "silent" && now() - lastWrite >= interval) draw(stage);
    },
    note(line) {
      if (mode === "silent") return;
      if (mode === "json") {
        write(`${JSON.stringify({ event: "note", message: line })}\n`);
        return;
      }
      write(`${mode === "line" && stage !== undefined ? CLEAR_LINE : ""}${line}\n`);
      if (mode === "line" && stage !== undefined) draw(stage);
    },
    finish,
    clear() {
      if (stage !== undefined && mode === "line") write(CLEAR_LINE);
      stage = undefined;
    },
  };
}

interface Observation {
  /** Units a second over the last seconds, `undefined` before anything is known. */
  readonly rate: number | undefined;
  readonly secondsLeft: number | undefined;
  readonly fraction: number | undefined;
}

function observe(stage: Stage, at: number): Observation {
  const { samples, done, total } = stage;
  const first = samples[0]!;
  const elapsed = at - first.at;
  const rate = elapsed > 0 && done > first.done ? ((done - first.done) / elapsed) * 1000 : undefined;
  if (at - samples[samples.length - 1]!.at >= SAMPLE_EVERY_MS) samples.push({ at, done });
  while (samples.length > 2 && at - samples[1]!.at >= RATE_WINDOW_MS) samples.shift();
  if (total === undefined) return { rate, secondsLeft: undefined, fraction: undefined };
  return {
    rate,
    secondsLeft: rate === undefined ? undefined : Math.max(0, total - done) / rate,
    fraction: total > 0 ? Math.min(1, done / total) : 1,
  };
}

function asJson(stage: Stage, { rate, secondsLeft }: Observation): Record<string, unknown> {
  return {
    stage: stage.label,
    done: stage.done,
    total: stage.total ?? null,
    unit: stage.unit,
    rate: rate === undefined ? null : round(rate),
    secondsLeft: secondsLeft === undefined ? null : round(secondsLeft),
    metrics: stage.metrics,
  };
}

/** Label, bar, percentage, count, rate, time left and metrics; what does not fit the width is left away from the end. */
function describe(
  stage: Stage,
  { rate, secondsLeft, fraction }: Observation,
  colors: ReturnType<typeof pc.createColors>,
  columns: number | undefined,
): string {
  const parts: { plain: string; shown: string }[] = [{ plain: stage.label, shown: colors.bold(stage.label) }];
  const add = (plain: string, shown: string = plain): void => void parts.push({ plain, shown });
  if (fraction !== undefined) {
    if (columns !== undefined) {
      const full = Math.floor(fraction * BAR_CELLS);
      const rest = BAR_CELLS - full;
      add("█".repeat(BAR_CELLS), `${colors.cyan("█".repeat(full))}${colors.dim("░".repeat(rest))}`);
    }
    add(`${Math.floor(fraction * 100)} %`.padStart(5));
  }
  add(`${count(stage.done)}${stage.total === undefined ? "" : `/${count(stage.total)}`} ${stage.unit}`);
  if (rate !== undefined) add(`${significant(rate)}/s`, colors.dim(`${significant(rate)}/s`));
  if (secondsLeft !== undefined && secondsLeft > 0) add(`${formatDuration(secondsLeft)} left`);
  for (const [name, value] of Object.entries(stage.metrics)) {
    add(`${name} ${significant(value)}`, `${colors.dim(name)} ${significant(value)}`);
  }
  let line = "";
  let width = 0;
  for (const { plain, shown } of parts) {
    const more = displayWidth(plain) + (width > 0 ? 2 : 0);
    if (columns !== undefined && width + more > columns - 1) break;
    line += `${width > 0 ? "  " : ""}${shown}`;
    width += more;
  }
  return line;
}

function metricText(metrics: Metrics): string {
  return Object.entries(metrics)
    .map(([name, value]) => `${name} ${significant(value)}`)
    .join("  ");
}

/** `3 s`, `2 min 5 s`, `1 h 10 min`; below a second `0.3 s`. */
export function formatDuration(seconds: number): string {
  if (seconds < 1) return `${Math.max(0, seconds).toFixed(1)} s`;
  const whole = Math.round(seconds);
  if (whole < 60) return `${whole} s`;
  const minutes = Math.floor(whole / 60);
  if (minutes < 60) return `${minutes} min ${whole % 60} s`;
  return `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}

function significant(value: number): string {
  if (!Number.isFinite(value)) return String(value);
  const size = Math.abs(value);
  if (size !== 0 && (size < 1e-3 || size >= 1e6)) return value.toExponential(2);
  if (size >= 100) return value.toFixed(0);
  return value.toPrecision(3);
}

function count(value: number): string {
  return Number.isInteger(value) ? String(value) : significant(value);
}

function round(value: number): number {
  return Number(value.toPrecision(4));
}
