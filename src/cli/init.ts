/** `fpx init`: writes a study that works, to begin from. */
import { readdirSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { type Command, Option } from "commander";
import type { Cli } from "./cli.ts";
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
    .addOption(
      new Option("--room <name>", "which method it shows")
        .choices(readdirSync(TEMPLATES).flatMap((file) => (file.endsWith(".ts") ? [file.slice(0, -3)] : [])))
        .default("games"),
    )
    .option("--out <file>", "where it goes", "study.ts")
    .option("--force", "replace a file that is there")
    .addHelpText("after", "\nExample:\n  $ fpx init && fpx run study.ts\n")
    .action(async ({ room, out, force = false }: InitFlags) => {
      await refuseOverwrite(out, force);
      await writeOutput(out, await readFile(join(TEMPLATES, `${room}.ts`), "utf8"));
      await cli.print(`${out} is written. Run it: fpx run ${out}\n`);
    });
}
