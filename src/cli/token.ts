/** `fpx token`: who may use the server. */
import type { Command } from "commander";
import { textTable } from "../report/index.ts";
import {
  createToken,
  listTokens,
  openStore,
  revokeToken,
  SCOPES,
  type Scope,
  type Store,
} from "../store/index.ts";
import type { Cli } from "./cli.ts";
import { listOf } from "./options.ts";
import { databaseOption } from "./recording.ts";

interface Flags {
  readonly db: string;
  readonly name: string;
  readonly scopes: readonly Scope[];
  readonly json?: boolean;
}

/** Adds the subcommands of `fpx token`. */
export function defineToken(command: Command, cli: Cli): void {
  const database = "the server's database";
  databaseOption(command.command("create"), cli, database)
    .summary("make a token")
    .description("Make a token and print it. It is kept as a hash and cannot be shown again.")
    .option("--name <name>", "what it is for", "token")
    .option("--scopes <names>", `what it allows, of ${SCOPES.join(", ")}`, listOf(SCOPES), [
      "read",
      "write:edits",
    ])
    .option("--json", "print { id, secret, scopes } as JSON")
    .addHelpText("after", "\nExample:\n  $ fpx token create --name mail-app --scopes write:edits\n")
    .action((flags: Flags) =>
      withStore(flags, async (store) => {
        const { id, secret } = await createToken(store, flags.name, flags.scopes);
        if (!flags.json) cli.note(`token ${id} for ${flags.scopes.join(", ")}; it is shown this once:`);
        await cli.print(
          flags.json ? `${JSON.stringify({ id, secret, scopes: flags.scopes })}\n` : `${secret}\n`,
        );
      }),
    );
  databaseOption(command.command("list"), cli, database)
    .summary("list tokens")
    .description("List tokens, the newest first, without their secrets.")
    .option("--json", "print JSON")
    .addHelpText("after", "\nExample:\n  $ fpx token list\n")
    .action((flags: Flags) =>
      withStore(flags, async (store) => {
        const tokens = await listTokens(store);
        const columns = ["token", "name", "scopes", "created", "state"].map((label) => ({ label }));
        const rows = tokens.map(({ id, name, scopes, created, revoked }) => [
          id,
          name,
          scopes.join(" "),
          new Date(created).toISOString().slice(0, 10),
          revoked === null ? "valid" : "revoked",
        ]);
        await cli.print(flags.json ? `${JSON.stringify({ tokens })}\n` : textTable({ columns, rows }));
      }),
    );
  databaseOption(command.command("revoke"), cli, database)
    .summary("revoke a token at once")
    .description("Revoke a token; every server on this database refuses it from now on.")
    .argument("<id>", "its id, as fpx token list shows it")
    .addHelpText("after", "\nExample:\n  $ fpx token revoke 3f9a2c417b08\n")
    .action((id: string, flags: Flags) =>
      withStore(flags, async (store) => {
        await revokeToken(store, id);
        cli.note(`revoked ${id}`);
      }),
    );
}

async function withStore(flags: Flags, work: (store: Store) => Promise<void>): Promise<void> {
  const store = await openStore(flags.db);
  try {
    await work(store);
  } finally {
    await store.close();
  }
}
