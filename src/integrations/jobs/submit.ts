/** Sends a prepared job, because somebody asked for it. */

import { openAsBlob } from "node:fs";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { FpxError, InvalidInput } from "../../core/errors.ts";
import type { JobPlan, JobRequest } from "./job.ts";

/** Options of `submitJob`. */
export interface SubmitOptions {
  /** Where keys are taken from. */
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Default the global `fetch`. */
  readonly fetch?: typeof fetch;
  readonly signal?: AbortSignal;
  /** Told before each request is sent. */
  readonly onRequest?: (request: JobRequest) => void;
}

/** Reads the plan of a folder that `fineTuningJob` was written to. Throws `InvalidInput` when there is none. */
export async function readJob(folder: string): Promise<JobPlan> {
  const path = join(folder, "job.json");
  try {
    const plan = JSON.parse(await readFile(path, "utf8")) as JobPlan;
    if (plan.format === 1 && Array.isArray(plan.requests)) return plan;
  } catch (error) {
    if (!(error instanceof SyntaxError || (error as NodeJS.ErrnoException).code === "ENOENT")) throw error;
  }
  throw new InvalidInput(`${path} is no prepared job; make one by fpx edits job`, { code: "NOT_A_JOB" });
}

/**
 * Sends the requests of a plan, one after another, and gives the answers by step. Throws `InvalidInput` with code
 * `BY_HAND` for a plan without requests and `MISSING_KEY` when a variable is not set, both before anything is sent, and
 * `FpxError` with code `JOB_REFUSED` when the host refuses.
 */
export async function submitJob(
  folder: string,
  plan: JobPlan,
  { env, fetch: send = fetch, signal, onRequest }: SubmitOptions,
): Promise<Readonly<Record<string, unknown>>> {
  if (plan.requests.length === 0)
    throw new InvalidInput(`this job is started by hand: ${plan.byHand ?? "see its files"}`, {
      code: "BY_HAND",
    });
  for (const [, variable] of JSON.stringify(plan.requests).matchAll(/\{\{([A-Z][A-Z0-9_]*)\}\}/g))
    if (!env[variable!])
      throw new InvalidInput(`the environment variable ${variable} is not set; set it to your key`, {
        code: "MISSING_KEY",
      });
  const answers: Record<string, unknown> = {};
  for (const request of plan.requests) {
    onRequest?.(request);
    const fill = (value: unknown): unknown => filled(value, env, answers);
    const url = fill(request.url) as string;
    const headers = fill(request.headers) as Record<string, string>;
    const response = await send(url, {
      method: request.method,
      ...(await bodyOf(folder, plan, request, headers, fill)),
      ...(signal === undefined ? {} : { signal }),
    }).catch((cause: unknown) => {
      if (signal?.aborted) throw cause;
      throw new FpxError("JOB_REFUSED", `${url} cannot be reached: ${reasonOf(cause)}`, { cause });
    });
    const text = await response.text();
    if (!response.ok)
      throw new FpxError("JOB_REFUSED", `${url} answered ${response.status}: ${text.slice(0, 300)}`);
    answers[request.step] = text === "" ? {} : parse(text, url);
  }
  return answers;
}

async function bodyOf(
  folder: string,
  { trainingFile }: JobPlan,
  { body, form }: JobRequest,
  headers: Record<string, string>,
  fill: (value: unknown) => unknown,
): Promise<{ headers: Record<string, string>; body: string | FormData }> {
  if (form === undefined)
    return { headers: { ...headers, "content-type": "application/json" }, body: JSON.stringify(fill(body)) };
  const data = new FormData();
  for (const [key, value] of Object.entries(fill(form) as Record<string, string>)) data.set(key, value);
  data.set("file", await openAsBlob(join(folder, trainingFile)), trainingFile);
  return { headers, body: data };
}

/** Puts variables and earlier answers into all texts of a value. */
function filled(
  value: unknown,
  env: SubmitOptions["env"],
  answers: Readonly<Record<string, unknown>>,
): unknown {
  if (typeof value === "string")
    return value.replaceAll(/\{\{([\w.]+)\}\}/g, (_, name: string) => {
      const [step = "", field = ""] = name.split(".");
      const found = name.includes(".") ? (answers[step] as Record<string, unknown>)?.[field] : env[name];
      if (typeof found === "string") return found;
      throw new FpxError("JOB_REFUSED", `the answer to "${step}" has no field "${field}"`);
    });
  if (Array.isArray(value)) return value.map((item) => filled(item, env, answers));
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, filled(inner, env, answers)]));
}

function parse(text: string, url: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new FpxError("JOB_REFUSED", `${url} answered no JSON: ${text.slice(0, 200)}`, { cause });
  }
}

/** `fetch` says "fetch failed" and keeps the reason inside. */
function reasonOf(error: unknown): string {
  const { cause = error } = error as { cause?: unknown };
  return cause instanceof Error ? cause.message : String(cause);
}
