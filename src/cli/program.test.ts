import { spawn } from "node:child_process";
import { EventEmitter } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { Cancelled, InvalidInput } from "../core/errors.ts";
import type { Cli, CommandEntry, DefineCommand } from "./cli.ts";
import { integer } from "./options.ts";
import { runProgram } from "./program.ts";

class Signals extends EventEmitter {
  readonly exits: number[] = [];
  exit(code: number): void {
    this.exits.push(code);
  }
}

/** Runs a program whose only working command, `fit`, does `action`. */
async function run(
  args: readonly string[],
  action: (cli: Cli, signals: Signals) => Promise<void> | void = () => undefined,
  env = {},
) {
  let stdout = "";
  let stderr = "";
  const loaded: string[] = [];
  const signals = new Signals();
  const define: DefineCommand = (command, cli) => {
    command
      .argument("<data>", "rows")
      .option("--seed <n>", "seed", integer())
      .option("--json", "print JSON")
      .addHelpText("after", "\nExample:\n  $ fpx fit data.csv")
      .action(() => action(cli, signals));
  };
  const entry = (name: string, summary: string): CommandEntry => ({
    name,
    summary,
    load: async () => {
      loaded.push(name);
      return define;
    },
  });
  const code = await runProgram(
    args,
    {
      stdout: {
        write(text, done) {
          stdout += text;
          done?.(null);
          return true;
        },
      },
      stderr: {
        write(text) {
          stderr += text;
          return true;
        },
      },
      env,
      signals,
    },
    [entry("fit", "fit a model"), entry("learn", "learn from edits")],
  );
  return { code, stdout, stderr, loaded, signals };
}

describe("help", () => {
  it("lists the commands without loading any", async () => {
    const { code, stdout, stderr, loaded } = await run(["--help"]);
    expect(code).toBe(0);
    expect(stdout).toMatch(/fit .*fit a model\n.*learn .*learn from edits/);
    expect([stderr, loaded]).toEqual(["", []]);
  });

  it.each([[["fit", "--help"]], [["help", "fit"]]])("of a command loads that one: %j", async (args) => {
    const { code, stdout, loaded } = await run(args);
    expect(code).toBe(0);
    expect(stdout).toContain("Usage: fpx fit [options] <data>");
    expect(stdout).toContain("$ fpx fit data.csv");
    expect(loaded).toEqual(["fit"]);
  });

  it("goes to stderr, with exit code 2, when no command is named", async () => {
    const { code, stdout, stderr } = await run([]);
    expect([code, stdout]).toEqual([2, ""]);
    expect(stderr).toContain("Usage: fpx");
  });

  it("prints the version", async () => {
    expect(await run(["--version"])).toMatchObject({
      code: 0,
      stdout: expect.stringMatching(/^\d+\.\d+\.\d+\n$/),
    });
  });
});

describe("wrong usage", () => {
  it.each<[string, string[], string]>([
    ["command", ["fot"], "unknown command 'fot' (Did you mean fit?); see fpx --help"],
    [
      "option",
      ["fit", "x", "--sed", "1"],
      "unknown option '--sed' (Did you mean --seed?); see fpx fit --help",
    ],
    ["program option", ["--sed"], "unknown option '--sed'; see fpx --help"],
    ["missing argument", ["fit"], "missing required argument 'data'; see fpx fit --help"],
    [
      "extra argument",
      ["fit", "a", "b"],
      "too many arguments for 'fit'. Expected 1 argument but got 2; see fpx fit --help",
    ],
    [
      "option value",
      ["fit", "x", "--seed", "abc"],
      "option '--seed <n>' argument 'abc' is invalid. Give an integer; see fpx fit --help",
    ],
    ["missing value", ["fit", "x", "--seed"], "option '--seed <n>' argument missing; see fpx fit --help"],
  ])("%s is told in one line with exit code 2", async (_, args, message) => {
    expect(await run(args)).toMatchObject({ code: 2, stdout: "", stderr: `fpx: ${message}\n` });
  });

  it("is told as JSON with --json", async () => {
    const { code, stderr } = await run(["fit", "x", "--json", "--seed", "-1"]);
    expect(code).toBe(2);
    expect(JSON.parse(stderr)).toEqual({
      error: { code: "USAGE", message: expect.stringContaining("at least 0") },
    });
  });
});

describe("a command", () => {
  it("prints to stdout and ends with its own exit code", async () => {
    const result = await run(["fit", "x"], async (cli) => {
      await cli.print("42\n");
      cli.note("done");
      cli.setExitCode(3);
    });
    expect(result).toMatchObject({ code: 3, stdout: "42\n", stderr: "done\n" });
  });

  it("that throws gives one line and its exit code", async () => {
    const fail = (error: unknown) => run(["fit", "x"], () => Promise.reject(error));
    expect(await fail(new InvalidInput("x is empty"))).toMatchObject({
      code: 1,
      stderr: "fpx: x is empty\n",
    });
    const bug = await fail(new TypeError("undefined is not a function"));
    expect(bug.code).toBe(1);
    expect(bug.stderr).toMatch(/^fpx: TypeError: undefined is not a function \(unexpected: .*\)\n$/);
  });

  it("shows the stack with FPX_DEBUG", async () => {
    const { stderr } = await run(["fit", "x"], () => Promise.reject(new InvalidInput("bad")), {
      FPX_DEBUG: "1",
    });
    expect(stderr).toMatch(/^fpx: bad\nInvalidInput: bad\n {4}at /);
  });

  it("whose reader is gone ends quietly", async () => {
    const gone = Object.assign(new Error("write EPIPE"), { code: "EPIPE", syscall: "write" });
    expect(await run(["fit", "x"], () => Promise.reject(gone))).toMatchObject({ code: 1, stderr: "" });
  });
});

describe("Ctrl-C", () => {
  it("ends with 130 whether the command returns or throws", async () => {
    const returned = await run(["fit", "x"], (cli, signals) => {
      const signal = cli.interruptible("finishing this step");
      signals.emit("SIGINT");
      expect(signal.aborted).toBe(true);
    });
    expect(returned).toMatchObject({ code: 130, stderr: "fpx: finishing this step\n" });
    const thrown = await run(["fit", "x"], (cli, signals) => {
      cli.interruptible("finishing this step");
      signals.emit("SIGINT");
      throw new Cancelled("stopped; go on with --resume");
    });
    expect(thrown).toMatchObject({
      code: 130,
      stderr: "fpx: finishing this step\nfpx: stopped; go on with --resume\n",
    });
  });

  it("is a JSON line with --json, exits at once the second time, and is given back at the end", async () => {
    const { code, stderr, signals } = await run(["fit", "x", "--json"], (cli, source) => {
      expect(source.listenerCount("SIGINT")).toBe(0);
      cli.interruptible("finishing this step");
      source.emit("SIGINT");
      source.emit("SIGINT");
    });
    expect([code, signals.exits, signals.listenerCount("SIGINT")]).toEqual([130, [130], 0]);
    expect(JSON.parse(stderr)).toEqual({ event: "note", message: "finishing this step" });
  });
});

describe("a real process", () => {
  const script = `
    import { runProgram } from ${JSON.stringify(fileURLToPath(new URL("./program.ts", import.meta.url)))};
    const define = (command, cli) => command.action(async () => {
      const signal = cli.interruptible("finishing this step");
      const alive = setInterval(() => {}, 1000);
      await cli.print("ready\\n");
      await new Promise((resolve) => signal.addEventListener("abort", resolve));
      await new Promise((resolve) => setTimeout(resolve, Number(process.argv[2])));
      clearInterval(alive);
      await cli.print("kept\\n");
    });
    const host = { stdout: process.stdout, stderr: process.stderr, env: process.env, signals: process };
    process.exitCode = await runProgram(["fit"], host, [{ name: "fit", summary: "fit", load: async () => define }]);
  `;

  it.each([
    { signals: ["SIGINT"], finish: 0, code: 130, stdout: "ready\nkept\n" },
    { signals: ["SIGTERM"], finish: 0, code: 143, stdout: "ready\nkept\n" },
    { signals: ["SIGINT", "SIGINT"], finish: 20_000, code: 130, stdout: "ready\n" },
  ] as const)("ends after $signals with $code", async ({ signals, finish, code, stdout }) => {
    const folder = mkdtempSync(join(tmpdir(), "fpx-interrupt-"));
    const file = join(folder, "host.mts");
    writeFileSync(file, script);
    const child = spawn(process.execPath, ["--import", "jiti/register", file, String(finish)], {
      cwd: fileURLToPath(new URL("../../", import.meta.url)),
      stdio: ["ignore", "pipe", "pipe"],
    });
    let [out, err] = ["", ""];
    const pending = [...signals];
    const step = (): void => {
      const next = pending.shift();
      if (next !== undefined) child.kill(next);
    };
    child.stdout.on("data", (piece) => {
      if (out === "") step();
      out += piece;
    });
    child.stderr.on("data", (piece) => {
      err += piece;
      step();
    });
    const exit = await new Promise((resolve) => child.once("close", resolve));
    rmSync(folder, { recursive: true });
    expect([exit, out, err]).toEqual([code, stdout, "fpx: finishing this step\n"]);
  });
});
