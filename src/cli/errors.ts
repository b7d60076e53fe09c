/** Turns every error into one line, `fpx: what is wrong, where, what to do`, and an exit code. */
import { CommanderError } from "commander";
import { Cancelled, FpxError } from "../core/errors.ts";
import type { TextStream } from "./cli.ts";

/** 0 ok, 1 failed, 2 wrong usage, 3 violated, 4 unknown, 130 after Ctrl-C, 143 after SIGTERM. */
export type ExitCode = 0 | 1 | 2 | 3 | 4 | 130 | 143;

/** The command line itself is wrong: an unknown name, an option out of range, options that exclude each other. */
export class UsageError extends FpxError {
  constructor(message: string, options?: ErrorOptions) {
    super("USAGE", message, options);
  }
}

/** The file system refused; `code` is the system's, e.g. `ENOENT`. */
class FileError extends FpxError {}

/** A system error as one that names the path which the user gave; anything else comes back as it is. */
export function fileError(path: string, error: unknown): unknown {
  if (!isSystemError(error)) return error;
  const words = SYSTEM_ERRORS[error.code] ?? oneLine(error.message);
  return new FileError(error.code, `${path}: ${words}`, { cause: error });
}

/** An error in plain words. */
export interface Explanation {
  /** Stable code: that of an `FpxError`, `USAGE`, the name of a system error such as `ENOENT`, or `INTERNAL`. */
  readonly code: string;
  /** One line. */
  readonly message: string;
  readonly exitCode: ExitCode;
}

const SYSTEM_ERRORS: Readonly<Record<string, string>> = {
  ENOENT: "no such file or directory; check the path",
  EACCES: "permission denied; check the permissions or choose another path",
  EPERM: "operation not permitted; check the permissions or choose another path",
  ENOSPC: "no space left on the disk; free some or choose another path",
  EDQUOT: "the disk quota is used up; free some space or choose another path",
  EROFS: "the file system is read-only; choose another path",
  EISDIR: "is a directory; name a file",
  ENOTDIR: "a part of the path is not a directory; check the path",
  EEXIST: "exists already; choose another path",
  ENOTEMPTY: "the directory is not empty; choose another path",
  EMFILE: "too many open files; close some or raise the limit (ulimit -n)",
  ENAMETOOLONG: "the name is too long; choose a shorter one",
  EIO: "the disk reports an input/output error; check the disk",
  EPIPE: "the program that reads the output has ended",
  ERR_FS_FILE_TOO_LARGE: "the file is too large to be read at once; split it",
};

/** Explains any thrown value in one line; never shows a stack trace. */
export function explain(error: unknown): Explanation {
  if (error instanceof UsageError) return { code: error.code, message: oneLine(error.message), exitCode: 2 };
  if (error instanceof CommanderError) {
    return { code: "USAGE", message: oneLine(error.message.replace(/^error: /, "")), exitCode: 2 };
  }
  if (error instanceof Cancelled) {
    return { code: error.code, message: oneLine(error.message), exitCode: 130 };
  }
  if (error instanceof FpxError) return { code: error.code, message: oneLine(error.message), exitCode: 1 };
  if (isSystemError(error)) {
    const words = SYSTEM_ERRORS[error.code];
    const message =
      words === undefined ? error.message : `${error.path ?? error.syscall ?? "file"}: ${words}`;
    return { code: error.code, message: oneLine(message), exitCode: 1 };
  }
  const text = error instanceof Error ? `${error.name}: ${error.message}` : String(error);
  return {
    code: "INTERNAL",
    message: `${oneLine(text)} (unexpected: set FPX_DEBUG=1 to see where, and report it)`,
    exitCode: 1,
  };
}

/** Writes the error to stderr, as one line or as one JSON object, with the stack when `debug`; gives the exit code. */
export function reportError(
  error: unknown,
  options: { readonly stderr: TextStream; readonly json: boolean; readonly debug: boolean },
): ExitCode {
  const { code, message, exitCode } = explain(error);
  const stack = options.debug && error instanceof Error ? stackOf(error) : undefined;
  if (options.json) {
    const body = stack === undefined ? { code, message } : { code, message, stack };
    options.stderr.write(`${JSON.stringify({ error: body })}\n`);
  } else {
    options.stderr.write(`fpx: ${message}\n${stack === undefined ? "" : `${stack}\n`}`);
  }
  return exitCode;
}

/** Whether this says that nobody reads our output any more, as with `fpx ... | head`. */
export function isBrokenPipe(error: unknown): boolean {
  return isSystemError(error) && error.code === "EPIPE" && error.path === undefined;
}

interface SystemError extends Error {
  readonly code: string;
  readonly syscall?: string;
  readonly path?: string;
}

function isSystemError(error: unknown): error is SystemError {
  if (!(error instanceof Error) || error instanceof FpxError || !("code" in error)) return false;
  return typeof error.code === "string" && /^E[A-Z]/.test(error.code);
}

function oneLine(text: string): string {
  return text.trim().replace(/\s*[\r\n]+\s*/g, " ");
}

function stackOf(error: Error): string {
  const own = error.stack ?? String(error);
  return error.cause instanceof Error ? `${own}\ncaused by ${stackOf(error.cause)}` : own;
}
