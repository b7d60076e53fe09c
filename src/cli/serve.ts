/** `fpx serve` and `fpx studio`: the HTTP API, without and with the web pages. */
import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import type { Command } from "commander";
import { type RunningServer, startServer } from "../server/index.ts";
import { openStore, type RunRecord } from "../store/index.ts";
import type { Cli } from "./cli.ts";
import { UsageError } from "./errors.ts";
import { staleAdapter } from "./learn-folder.ts";
import { integer } from "./options.ts";
import { packageVersion } from "./program.ts";
import { databaseOption } from "./recording.ts";
import { loadDrafters } from "./serve-drafters.ts";
import { addLog } from "./serve-log.ts";

interface ServeFlags {
  readonly db: string;
  readonly host: string;
  readonly port: number;
  readonly requireToken?: boolean;
  readonly origin?: string;
  readonly model?: string;
  readonly adapter?: string;
  readonly log?: string;
  readonly json?: boolean;
  readonly open?: boolean;
}

/** Adds options of `fpx serve`. */
export function defineServe(command: Command, cli: Cli): void {
  options(command, cli)
    .description(
      "Serve the HTTP API: drafts, edits, bandits that learn from them, runs. Without --host it listens on this machine alone and needs no token; elsewhere every request needs one (fpx token create).",
    )
    .addHelpText(
      "after",
      "\nExample:\n  $ fpx serve --port 7878 --model samples/mail/model --adapter out/log\n  $ curl localhost:7878/openapi.json\n",
    )
    .action((flags: ServeFlags) => serve(flags, cli, false));
}

/** Adds options of `fpx studio`. */
export function defineStudio(command: Command, cli: Cli): void {
  options(command, cli)
    .description(
      "Serve the web studio beside the HTTP API: runs with live curves, the log of edits, policies and bandits, certificates, and a desk to write at.",
    )
    .option("--no-open", "do not open the browser")
    .addHelpText(
      "after",
      "\nExample:\n  $ fpx studio --log samples/mail/log.jsonl --model samples/mail/model --adapter out/log\n",
    )
    .action((flags: ServeFlags) => serve(flags, cli, true));
}

function options(command: Command, cli: Cli): Command {
  return databaseOption(command, cli)
    .option("--host <address>", "address to listen on", "127.0.0.1")
    .option("--port <number>", "port to listen on; 0 for any free one", integer({ maximum: 65_535 }), 7878)
    .option("--require-token", "ask for a token on this machine, too")
    .option("--origin <url>", "the address that browsers use, when a proxy stands in between")
    .option("--model <folder>", "write drafts with this model")
    .option("--adapter <folder>", "and its adapters: the --out folder of fpx learn, or one adapter")
    .option("--log <file>", "add this edit log to the database first; edits that are there stay")
    .option("--json", "print { url } as JSON");
}

async function serve(flags: ServeFlags, cli: Cli, studio: boolean): Promise<void> {
  if (flags.adapter !== undefined && flags.model === undefined)
    throw new UsageError("--adapter needs --model: the model that it was learned for");
  const signal = cli.interruptible("closing: what was taken is finished");
  const store = await openStore(flags.db, { threads: true });
  let server: RunningServer | undefined;
  const policy = await loadDrafters(store, flags.model, flags.adapter);
  try {
    const stale = flags.adapter === undefined ? undefined : await staleAdapter(flags.adapter);
    if (stale !== undefined)
      cli.note(
        `warning: ${flags.adapter} learned from a person who was forgotten on ${stale.since}; learn again by fpx learn`,
      );
    if (flags.log !== undefined) cli.note(await addLog(store, flags.log));
    const { host, port, requireToken = false, origin } = flags;
    server = await startServer(store, {
      host,
      port,
      requireToken,
      drafters: policy.drafters,
      version: packageVersion(),
      resume: (run) => resumeRun(run, flags.db),
      onError: (error) =>
        cli.note(`fpx: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`),
      ...(origin === undefined ? {} : { origin }),
      ...(studio ? { studio: studioFolder() } : {}),
    });
    await cli.print(
      flags.json
        ? `${JSON.stringify({ url: server.url })}\n`
        : `${studio ? "studio" : "serving"} at ${server.url}; Ctrl-C ends it\n`,
    );
    if (studio && flags.open !== false && cli.stdout.isTTY === true) openBrowser(server.url);
    await new Promise<void>((resolve) => {
      if (signal.aborted) resolve();
      else signal.addEventListener("abort", () => resolve(), { once: true });
    });
  } finally {
    await server?.close();
    await policy.close();
    await store.close();
  }
}

/** The built pages, beside the built program or, from source, in `dist`. */
function studioFolder(): string {
  const built = fileURLToPath(new URL("../studio", import.meta.url));
  return existsSync(built) ? built : fileURLToPath(new URL("../../dist/studio", import.meta.url));
}

/** Goes on with a run as its command line would, in a process that outlives the server. */
async function resumeRun({ resume }: RunRecord, database: string): Promise<void> {
  const child = spawn(
    process.execPath,
    [...process.execArgv, process.argv[1]!, ...(resume ?? []), "--db", database],
    { detached: true, stdio: "ignore" },
  );
  await new Promise<void>((resolve, reject) => {
    child.once("spawn", resolve);
    child.once("error", reject);
  });
  child.unref();
}

function openBrowser(url: string): void {
  const [program, ...args] =
    process.platform === "darwin"
      ? ["open"]
      : process.platform === "win32"
        ? ["cmd", "/c", "start", ""]
        : ["xdg-open"];
  const child = spawn(program!, [...args, url], { detached: true, stdio: "ignore" });
  // Where there is no browser to open, the printed address is enough.
  child.once("error", () => undefined);
  child.unref();
}
