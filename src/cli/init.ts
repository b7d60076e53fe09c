/** `fpx init`: writes a study that works, to begin from. */
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Command } from "commander";
import type { Cli } from "./cli.ts";
import { UsageError } from "./errors.ts";
import { refuseOverwrite, writeOutput } from "./files.ts";

const TEMPLATES = fileURLToPath(new URL("../../samples/studies", import.meta.url));

interface InitFlags {
  readonly room: string;
  readonly out: string;
  readonly force?: boolean;
}

/** Adds options of `fpx init`. */
export function defineInit(command: Command, cli: Cli): void {
  command
    .description(
      "Write a study to begin from: a module that fpx run runs as it is, without questions or network.",
    )
    .option("--room <name>", "which method it shows: the name of a file of samples/studies", "games")
    .option("--out <file>", "where it goes", "study.ts")
    .option("--force", "replace a file that is there")
    .addHelpText("after", "\nExample:\n  $ fpx init && fpx run study.ts\n")
    .action(async ({ room, out, force = false }: InitFlags) => {
      const rooms = (await readdir(TEMPLATES))
        .filter((file) => file.endsWith(".ts"))
        .map((f) => f.slice(0, -3));
      if (!rooms.includes(room))
        throw new UsageError(`there is no study for "${room}"; choose one of ${rooms.sort().join(", ")}`);
      await refuseOverwrite(out, force);
      await writeOutput(out, await readFile(join(TEMPLATES, `${room}.ts`), "utf8"));
      await cli.print(`${out} is written. Run it: fpx run ${out}\n`);
    });
}
