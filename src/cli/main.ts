#!/usr/bin/env node
import { commands } from "./commands.ts";
import { runProgram } from "./program.ts";

// A reader that goes away (`fpx ... | head`) is reported to the write that hits it; the event alone must not crash.
process.stdout.on("error", () => undefined);
process.stderr.on("error", () => undefined);

process.exitCode = await runProgram(
  process.argv.slice(2),
  { stdout: process.stdout, stderr: process.stderr, env: process.env, signals: process },
  commands,
);
