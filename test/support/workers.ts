/** Worker processes of a cluster, for tests: real ones, that can be killed. */
import { type ChildProcess, spawn } from "node:child_process";
import { root } from "./fpx.ts";

export interface WorkerProcess {
  readonly child: ChildProcess;
  /** Resolves when the worker takes jobs. */
  readonly ready: Promise<void>;
  /** What it wrote so far. */
  output(): string;
  kill(signal?: NodeJS.Signals): Promise<void>;
}

export interface WorkerSettings {
  readonly threads?: number;
  /** Export of the module. */
  readonly name?: string;
  /** Another copy of fpx. */
  readonly folder?: string;
  /** Runs what `npm run build` made instead of the sources. */
  readonly built?: boolean;
  readonly env?: Readonly<Record<string, string>>;
}

/** Starts `fpx worker`. */
export function startWorker(
  url: string,
  module: string,
  { threads = 1, name = "problem", folder = root, built = false, env = {} }: WorkerSettings = {},
): WorkerProcess {
  const args = ["--cluster", url, "--problem", module, "--export", name, "--threads", String(threads)];
  const program = built ? ["dist/cli/main.js"] : ["--import", "jiti/register", "src/cli/main.ts"];
  const child = spawn(process.execPath, [...program, "worker", ...args], {
    cwd: folder,
    stdio: ["ignore", "ignore", "pipe"],
    env: { ...process.env, ...env },
  });
  let output = "";
  const ended = new Promise<void>((resolve) => child.once("exit", () => resolve()));
  const ready = new Promise<void>((resolve, reject) => {
    child.stderr.on("data", (data) => {
      output += String(data);
      if (/ready/.test(output)) resolve();
    });
    child.once("exit", () => reject(new Error(`the worker ended: ${output}`)));
  });
  ready.catch(() => undefined);
  return {
    child,
    ready,
    output: () => output,
    async kill(signal = "SIGKILL") {
      child.kill(signal);
      await ended;
    },
  };
}
