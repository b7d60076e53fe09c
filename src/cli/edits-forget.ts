/** `fpx edits forget`: removes a person from the log of an app. */
import type { Command } from "commander";
import { listDerived, staleness } from "../edits/node/index.ts";
import { openEditLog } from "../integrations/index.ts";
import type { Cli } from "./cli.ts";
import { fileError, UsageError } from "./errors.ts";
import { plural, readLog } from "./files.ts";

interface ForgetFlags {
  readonly user: string;
  readonly json?: boolean;
}

/** Defines the subcommand. */
export function defineForget(command: Command, cli: Cli): void {
  command
    .summary("remove a person's records from an app's log")
    .description(
      "Remove every record of a person from the log of an app, and mark the policies, snapshots and exports that fpx made from it as stale. No app may have the log open meanwhile.",
    )
    .argument("<log>", "the log that openEditLog writes")
    .requiredOption("--user <name>", "the person, as the log names them")
    .option("--json", "print a report as JSON")
    .addHelpText("after", "\nExample:\n  $ fpx edits forget edits.jsonl --user u1\n")
    .action((path: string, flags: ForgetFlags) => forget(path, flags, cli));
}

async function forget(path: string, { user, json }: ForgetFlags, cli: Cli): Promise<void> {
  const { live } = await readLog(path, { skipRejected: true }).catch((error: unknown) => {
    // A log of open drafts alone has records to forget, too.
    if ((error as { code?: string }).code === "EMPTY_LOG") return { live: true };
    throw error;
  });
  if (!live)
    throw new UsageError(
      `${path} is not the log of an app, so nothing tells what was made from it; take the lines of the person out, and make the rest again`,
    );
  const log = await openEditLog(path).catch((error: unknown) => {
    throw fileError(path, error);
  });
  const removed = await log.forgetUser(user).finally(() => log.close());
  const stale: { kind: string; path: string }[] = [];
  for (const derived of await listDerived(path))
    if ((await staleness(derived.path)) !== undefined) stale.push(derived);
  if (json) {
    await cli.print(`${JSON.stringify({ removed, stale })}\n`);
    return;
  }
  await cli.print(
    `${plural(removed, "record")} removed from ${path}\n${stale
      .map(({ kind, path: place }) => `stale ${kind}: ${place}; make it again\n`)
      .join("")}`,
  );
}
