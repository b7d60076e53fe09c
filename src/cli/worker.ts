/** `fpx worker`: answers the questions of runs on other machines. */
import { availableParallelism } from "node:os";
import type { Command } from "commander";
import { clusterWorker } from "../executors/index.ts";
import type { Cli } from "./cli.ts";
import { integer } from "./options.ts";

interface WorkerFlags {
  readonly cluster: string;
  readonly problem: string;
  readonly export: string;
  readonly threads: number;
  readonly json?: boolean;
}

/** Adds options of `fpx worker`. */
export function defineWorker(command: Command, cli: Cli): void {
  command
    .description(
      "Answer the questions of runs that use the same cluster and problem. Any number of workers on any number of machines; they may join and leave. Ctrl-C finishes what has begun and ends.",
    )
    .requiredOption("--cluster <url>", "Redis: redis://[user:password@]host[:port], or rediss:// for TLS")
    .requiredOption(
      "--problem <module>",
      "the module that fpx run runs, .ts or .js; the text must be the same",
    )
    .option("--export <name>", "name of the export in the module", "default")
    .option(
      "--threads <number>",
      "questions answered at once",
      integer({ minimum: 1, maximum: 1024 }),
      availableParallelism(),
    )
    .option("--json", "write what happens as JSON lines")
    .addHelpText(
      "after",
      "\nExample:\n  $ fpx worker --cluster redis://10.0.0.5 --problem study.ts --threads 8\n",
    )
    .action(async ({ cluster, problem, export: name, threads, json = false }: WorkerFlags) => {
      const signal = cli.interruptible("finishing what has begun; once more ends at once");
      await clusterWorker(
        cluster,
        { module: problem, export: name },
        {
          threads,
          signal,
          onNote: (message) => cli.note(json ? JSON.stringify({ event: "note", message }) : message),
        },
      );
    });
}
