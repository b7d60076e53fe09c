/** The program `fpx`: finds the command, loads its module, runs it and turns what it throws into an exit code. */
import { readFileSync } from "node:fs";
import { Command, CommanderError } from "commander";
import pc from "picocolors";
import type { Cli, CommandEntry, TextStream } from "./cli.ts";
import { type ExitCode, isBrokenPipe, reportError, UsageError } from "./errors.ts";
import { type Interrupt, listenForInterrupt, type SignalSource } from "./interrupt.ts";

/** The process around the program; a test gives its own. */
export interface Host {
  readonly stdout: TextStream;
  readonly stderr: TextStream;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly signals: SignalSource;
}

/** Runs the command line `args` (without node and script) and gives the exit code; never throws. */
export async function runProgram(
  args: readonly string[],
  host: Host,
  commands: readonly CommandEntry[],
): Promise<ExitCode> {
  const json = namesJson(args);
  let exitCode: ExitCode = 0;
  let interrupt: Interrupt | undefined;
  const cli: Cli = {
    args,
    stdout: host.stdout,
    stderr: host.stderr,
    env: host.env,
    print: (text) => print(host.stdout, text),
    note: (line) => void host.stderr.write(`${line}\n`),
    interruptible: (hint) => {
      interrupt ??= listenForInterrupt(host.signals, () => {
        const line = json ? JSON.stringify({ event: "note", message: hint }) : `fpx: ${hint}`;
        host.stderr.write(`${host.stderr.isTTY ? CLEAR_LINE : ""}${line}\n`);
      });
      return interrupt.signal;
    },
    setExitCode: (code) => {
      exitCode = code;
    },
  };
  try {
    const program = await createProgram(args, cli, commands);
    await program.parseAsync(args, { from: "user" });
    return interrupt?.exitCode() ?? exitCode;
  } catch (error) {
    if (error instanceof CommanderError && error.exitCode === 0) return 0;
    if (error instanceof HelpShown) return 2;
    if (isBrokenPipe(error)) return 1;
    if (host.stderr.isTTY) host.stderr.write(CLEAR_LINE);
    const reported = reportError(error, {
      stderr: host.stderr,
      json,
      debug: (host.env["FPX_DEBUG"] ?? "") !== "",
    });
    return interrupt?.exitCode() ?? reported;
  } finally {
    interrupt?.dispose();
  }
}

/** Takes away a progress line that stands unfinished where the message shall stand. */
const CLEAR_LINE = "\r\u001b[2K";

/** The program without a command was called, and its help was shown instead. */
class HelpShown extends Error {}

async function createProgram(
  args: readonly string[],
  cli: Cli,
  commands: readonly CommandEntry[],
): Promise<Command> {
  const program = new Command("fpx")
    .description("Learn when you cannot differentiate, cannot project, have no labels, or must keep a rule.")
    .version(packageVersion(), "-V, --version", "print the version")
    .helpOption("-h, --help", "show help")
    .helpCommand("help [command]", "show the help of a command")
    .configureHelp({ styleTitle: (text) => pc.bold(text) })
    .showSuggestionAfterError(true)
    .addHelpText("after", "\nSee fpx COMMAND --help for options and examples.");
  const wanted = args[0] === "help" ? args[1] : args[0];
  for (const entry of commands) {
    const command = program
      .command(entry.name)
      .summary(entry.summary)
      .description(`${sentence(entry.summary)}`);
    if (entry.name === wanted) (await entry.load())(command, cli);
  }
  for (const command of walk(program)) {
    command
      .configureOutput({
        writeOut: (text) => void cli.stdout.write(text),
        writeErr: (text) => void cli.stderr.write(text),
        outputError: () => undefined,
      })
      .exitOverride((error) => throwUsage(error, command));
  }
  return program;
}

function* walk(command: Command): Generator<Command> {
  yield command;
  for (const child of command.commands) yield* walk(child);
}

/** Passes help and version through; names the help text to read for everything else. */
function throwUsage(error: CommanderError, command: Command): never {
  if (error.exitCode === 0) throw error;
  if (error.code === "commander.help") throw new HelpShown();
  let path = command.name();
  for (let parent = command.parent; parent !== null; parent = parent.parent)
    path = `${parent.name()} ${path}`;
  const message = error.message.replace(/^error: /, "").replace(/\.?$/, "");
  throw new UsageError(`${message}; see ${path} --help`, { cause: error });
}

function sentence(text: string): string {
  return `${text.charAt(0).toUpperCase()}${text.slice(1)}.`;
}

function namesJson(args: readonly string[]): boolean {
  const end = args.indexOf("--");
  return (end < 0 ? args : args.slice(0, end)).includes("--json");
}

function print(stream: TextStream, text: string): Promise<void> {
  return new Promise((resolve, reject) => {
    stream.write(text, (error) => (error ? reject(error) : resolve()));
  });
}

/** The version of this package. */
export function packageVersion(): string {
  const text = readFileSync(new URL("../../package.json", import.meta.url), "utf8");
  return (JSON.parse(text) as { version: string }).version;
}
