/** The table of commands: names and summaries for `fpx --help`, modules loaded on use. */
import type { CommandEntry } from "./cli.ts";

export const commands: readonly CommandEntry[] = [
  {
    name: "edits",
    summary: "look into a log of user edits: statistics, import, export",
    load: async () => (await import("./edits.ts")).defineEdits,
  },
];
