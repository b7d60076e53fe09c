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

/** Starts `fpx worker` from source, or from another copy of fpx. */
export function startWorker(
  url: string,
  module: string,
  { threads = 1, name = "problem", folder = root }: { threads?: number; name?: string; folder?: string } = {},
): WorkerProcess {
  const args = ["--cluster", url, "--problem", module, "--export", name, "--threads", String(threads)];
  const child = spawn(process.execPath, ["--import", "jiti/register", "src/cli/main.ts", "worker", ...args], {
    cwd: folder,
    stdio: ["ignore", "ignore", "pipe"],
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
