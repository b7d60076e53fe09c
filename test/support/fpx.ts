import { spawn } from "node:child_process";
import { join } from "node:path";
import { commands } from "../../src/cli/commands.ts";
import { runProgram } from "../../src/cli/program.ts";

export const root: string = join(import.meta.dirname, "..", "..");

/** How a command ended and what it printed. */
export interface Ended {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs fpx from source; sends Ctrl-C when stderr first matches `interruptAt`. */
export function fpx(
  args: readonly string[],
  interruptAt?: RegExp,
  env: Readonly<Record<string, string>> = {},
): Promise<Ended> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, ["--import", "jiti/register", "src/cli/main.ts", ...args], {
      cwd: root,
      env: { ...process.env, ...env },
    });
    let stdout = "";
    let stderr = "";
    let sent = false;
    child.stdout.on("data", (data) => {
      stdout += String(data);
    });
    child.stderr.on("data", (data) => {
      stderr += String(data);
      if (!sent && interruptAt?.test(stderr)) {
        sent = true;
        child.kill("SIGINT");
      }
    });
    child.on("error", reject);
    child.on("close", (code) => resolve({ code, stdout, stderr }));
    child.stdin.end();
  });
}

/** Runs fpx in this process, which is quicker; for commands that neither read standard input nor wait for Ctrl-C. */
export async function fpxHere(args: readonly string[]): Promise<Ended> {
  const texts = { stdout: "", stderr: "" };
  const stream = (name: keyof typeof texts) => ({
    write(text: string, done?: (error?: Error | null) => void) {
      texts[name] += text;
      done?.();
      return true;
    },
  });
  const signals = { on: () => undefined, off: () => undefined, exit: () => undefined };
  const host = { stdout: stream("stdout"), stderr: stream("stderr"), env: process.env, signals };
  const code = await runProgram(args, host, commands);
  return { code, ...texts };
}
