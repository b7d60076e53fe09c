/** Fine-tuning elsewhere, prepared as files: a training file, and the requests or the script that use it. Nothing is sent here. */

import { InvalidInput } from "../../core/errors.ts";
import {
  checkExport,
  type EditRecord,
  type ExportOptions,
  type ExportReport,
  exportLines,
} from "../../edits/index.ts";
import { HOSTS, type Host, type HostName } from "./hosts.ts";

/** How to train. */
export const JOB_METHODS = ["sft", "dpo", "early"] as const;
export type JobMethod = (typeof JOB_METHODS)[number];

/** What a job is made with where its options say nothing; passes and learning rate are then the host's own. */
export const JOB_DEFAULTS = { method: "dpo", dpoBeta: 0.1, sftWeight: 0.03 } as const;

/** Options of `fineTuningJob`; defaults are those of `JOB_DEFAULTS`. */
export interface JobOptions extends ExportOptions {
  readonly host: HostName;
  readonly method?: JobMethod;
  /** The base model's name at the host, or of its folder. */
  readonly model: string;
  /** Coefficient of the preference loss. */
  readonly dpoBeta?: number;
  /** Weight of imitation in `early`, on sums over a text's tokens. */
  readonly sftWeight?: number;
  /** Passes over the log, whole ones but for `trl`. Default the host's own, for `trl` that of `learn`. */
  readonly epochs?: number;
  /** Default the host's own, for `trl` that of `learn`; of OpenAI a multiplier of its own choice. */
  readonly learningRate?: number;
  /**
   * What the trained model is called. Default "fpx-edits-" and date and time (UTC), as in fpx-edits-20260131-120000: hosts
   * keep data sets and models under their names and refuse a second one.
   */
  readonly name?: string;
  /** Base address in place of the host's own, such as of a server with OpenAI's interface. */
  readonly url?: string;
}

/** What a request is made of; `{{NAME}}` stands for an environment variable, `{{step.field}}` for an earlier answer. */
export interface JobRequest {
  /** Names the answer for later requests. */
  readonly step: string;
  readonly method: "POST";
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  /** JSON to send. */
  readonly body?: Readonly<Record<string, unknown>>;
  /** Or a form, with the training file as `file`. */
  readonly form?: Readonly<Record<string, string>>;
}

/** A job as plain data: what `fpx edits submit` sends, request by request. */
export interface JobPlan {
  readonly format: 1;
  readonly host: HostName;
  readonly method: JobMethod;
  readonly model: string;
  /** The training file, beside the plan. */
  readonly trainingFile: string;
  readonly requests: readonly JobRequest[];
  /** What to run by hand, where requests cannot be sent from here. */
  readonly byHand?: string;
}

/** A prepared job. */
export interface FineTuningJob {
  readonly plan: JobPlan;
  /** Files by name; the training file among them, as lines. */
  readonly files: Readonly<Record<string, Iterable<string>>>;
  readonly report: ExportReport;
}

/**
 * Prepares a job from a log. The training file has the host's format; what it leaves out is in the report.
 *
 * @throws InvalidInput for an unknown host, a method the host does not have, numbers out of range, and with code
 * `EXPORT_RULE` for a log that gives no valid file.
 * @example
 * const { plan, files } = fineTuningJob(records, { host: "openai", method: "dpo", model: "gpt-4.1-mini" });
 */
export function fineTuningJob(records: readonly EditRecord[], options: JobOptions): FineTuningJob {
  const host: Host | undefined = Object.hasOwn(HOSTS, options.host) ? HOSTS[options.host] : undefined;
  if (host === undefined)
    throw new InvalidInput(`unknown host "${options.host}"; use one of ${Object.keys(HOSTS).join(", ")}`);
  const { method, model, dpoBeta, sftWeight } = { ...JOB_DEFAULTS, ...options };
  const { name = datedName(new Date()) } = options;
  const format = host.formats[method];
  if (format === undefined)
    throw new InvalidInput(
      `${options.host} does not train by ${method}; it has ${Object.keys(host.formats).join(", ")}, and trl has all`,
    );
  const numbers = { dpoBeta, epochs: options.epochs, learningRate: options.learningRate };
  for (const [key, value] of Object.entries(numbers))
    if (value !== undefined && !(value > 0 && Number.isFinite(value)))
      throw new InvalidInput(`${key} is ${value}; give a positive number`);
  if (!(sftWeight >= 0 && Number.isFinite(sftWeight)))
    throw new InvalidInput(`sftWeight is ${sftWeight}; give a number from 0 up`);
  if (!/^[a-z0-9][a-z0-9-]{0,39}$/.test(name))
    throw new InvalidInput(
      `the name "${name}" is no name at all hosts; use up to 40 small letters, digits and hyphens`,
    );
  if (host.wholeEpochs && options.epochs !== undefined && !Number.isInteger(options.epochs))
    throw new InvalidInput(
      `${options.host} counts whole passes, and epochs is ${options.epochs}; give ${Math.ceil(options.epochs)}, or train by trl`,
    );
  const report = checkExport(records, format, options);
  if (report.problems.length > 0) throw new InvalidInput(report.problems.join("; "), { code: "EXPORT_RULE" });
  const trainingFile = "train.jsonl";
  const { epochs, learningRate, url = host.url } = options;
  const settings = {
    method,
    model,
    name,
    dpoBeta,
    sftWeight,
    examples: report.lines,
    url: url.replace(/\/+$/, ""),
    ...(epochs === undefined ? {} : { epochs }),
    ...(learningRate === undefined ? {} : { learningRate }),
  };
  const { requests = [], files = {}, byHand } = host.prepare(settings);
  return {
    plan: {
      format: 1,
      host: options.host,
      method,
      model,
      trainingFile,
      requests,
      ...(byHand === undefined ? {} : { byHand }),
    },
    files: {
      [trainingFile]: terminated(exportLines(records, format, options)),
      ...Object.fromEntries(Object.entries(files).map(([file, text]) => [file, [text]])),
    },
    report,
  };
}

/** `fpx-edits-20260131-120000` */
const datedName = (now: Date): string =>
  `fpx-edits-${now.toISOString().slice(0, 19).replaceAll(/[-:]/g, "").replace("T", "-")}`;

function* terminated(lines: Iterable<string>): Generator<string> {
  for (const line of lines) yield `${line}\n`;
}
