/** The shape of a command and what the program gives it; commands write to these streams only. */
import type { Command } from "commander";
import type { ExitCode } from "./errors.ts";

/** A stream that text is written to; `process.stdout` and `process.stderr` are such streams. */
export interface TextStream {
  write(text: string, done?: (error?: Error | null) => void): boolean;
  readonly isTTY?: boolean | undefined;
  readonly columns?: number | undefined;
}

/** What a command gets from the program: streams, environment, Ctrl-C and the exit code. */
export interface Cli {
  /** The command line, without node and script. */
  readonly args: readonly string[];
  /** Results. */
  readonly stdout: TextStream;
  /** Progress, notes and errors. */
  readonly stderr: TextStream;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Writes to stdout and waits until it is taken; throws when the reader is gone. */
  print(text: string): Promise<void>;
  /** Writes a line to stderr. */
  note(line: string): void;
  /**
   * Takes over Ctrl-C from here on: the first one aborts the signal and prints `hint`, the second one
   * ends the process. Before this is called, Ctrl-C ends the process at once.
   */
  interruptible(hint: string): AbortSignal;
  /** Sets the exit code of a command that ends without an error: 3 violated, 4 unknown. */
  setExitCode(code: ExitCode): void;
}

/** Adds arguments, options, examples and the action to an empty command. */
export type DefineCommand = (command: Command, cli: Cli) => void;

/** One row of the table of commands; its module is loaded when the command is used. */
export interface CommandEntry {
  readonly name: string;
  readonly summary: string;
  readonly load: () => Promise<DefineCommand>;
}
