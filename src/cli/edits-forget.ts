/** `fpx edits forget`: removes a person from the log of an app and from a database. */
import type { Command } from "commander";
import { InvalidInput } from "../core/errors.ts";
import { readEditLog } from "../edits/index.ts";
import { type Derived, listDerived, staleness } from "../edits/node/index.ts";
import { openEditLog } from "../integrations/index.ts";
import { type Forgotten, forgetUser, openStore } from "../store/index.ts";
import type { Cli } from "./cli.ts";
import { fileError, UsageError } from "./errors.ts";
import { plural, readPieces } from "./files.ts";

interface ForgetFlags {
  readonly user: string;
  readonly db?: string;
  readonly json?: boolean;
}

/** Defines the subcommand. */
export function defineForget(command: Command, cli: Cli): void {
  command
    .summary("remove a person's records from an app's log and from a database")
    .description(
      "Remove every record of a person from the log of an app, delete the caches that fpx made from it, and mark its policies, snapshots and exports as stale; with --db, from the database of fpx serve and fpx studio, too. No app may have the log open meanwhile.",
    )
    .argument("[log]", "the log that openEditLog writes; may be left out with --db")
    .requiredOption("--user <name>", "the person, as the log names them")
    .option("--db <location>", "a database that holds their edits, too: a SQLite file or postgres://...")
    .option("--json", "print a report as JSON")
    .addHelpText("after", "\nExample:\n  $ fpx edits forget edits.jsonl --user u1 --db .fpx/fpx.db\n")
    .action((path: string | undefined, flags: ForgetFlags) => forget(path, flags, cli));
}

async function forget(path: string | undefined, { user, db, json }: ForgetFlags, cli: Cli): Promise<void> {
  if (path === undefined && db === undefined)
    throw new UsageError("name the log of an app, a database by --db, or both");
  const log = path === undefined ? undefined : await forgetInLog(path, user);
  const database = db === undefined ? undefined : await forgetInDatabase(db, user);
  if (json) {
    await cli.print(`${JSON.stringify({ ...log, ...(database && { database }) })}\n`);
    return;
  }
  const lines: string[] = [];
  if (log !== undefined) {
    lines.push(`${plural(log.removed, "record")} removed from ${path}`);
    for (const { kind, path: place } of log.stale) lines.push(`stale ${kind}: ${place}; make it again`);
  }
  if (database !== undefined) {
    const { edits, drafts, choices } = database;
    lines.push(
      `${plural(edits, "edit")}, ${plural(drafts, "draft")} and ${plural(choices, "choice")} removed from ${db}`,
    );
  }
  await cli.print(`${lines.join("\n")}\n`);
}

async function forgetInLog(
  path: string,
  user: string,
): Promise<{ readonly removed: number; readonly stale: readonly Derived[] }> {
  const { live } = await readEditLog(readPieces(path));
  if (!live)
    throw new UsageError(
      `${path} is not the log of an app, so nothing tells what was made from it; take the lines of the person out, and make the rest again`,
    );
  const log = await openEditLog(path).catch((error: unknown) => {
    if (error instanceof InvalidInput && error.code === "LOCKED")
      throw new UsageError(
        `an app has this log open: stop it first, or let it call forgetUser itself; ${error.message}`,
      );
    throw fileError(path, error);
  });
  const removed = await log.forgetUser(user).finally(() => log.close());
  const stale: Derived[] = [];
  for (const derived of await listDerived(path))
    if ((await staleness(derived.path)) !== undefined) stale.push(derived);
  return { removed, stale };
}

async function forgetInDatabase(location: string, user: string): Promise<Forgotten> {
  const store = await openStore(location);
  return forgetUser(store, user).finally(() => store.close());
}
