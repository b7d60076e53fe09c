/** The table of commands: names and summaries for `fpx --help`, modules loaded on use. */
import type { CommandEntry } from "./cli.ts";

export const commands: readonly CommandEntry[] = [];
