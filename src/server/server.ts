/** The server's life: start, serve, close without losing a write. */

import type { Server } from "node:http";
import type { AddressInfo } from "node:net";
import { serve } from "@hono/node-server";
import { getConnInfo } from "@hono/node-server/conninfo";
import { InvalidInput } from "../core/errors.ts";
import type { CostOptions, LateEnsembleOptions } from "../edits/index.ts";
import type { Store } from "../store/index.ts";
import { createApp } from "./app.ts";
import { loadAssets } from "./assets.ts";
import { Desk, type Drafter } from "./desk.ts";
import type { ResumeRun } from "./run-routes.ts";
import { isLoopback, type RateLimit } from "./security.ts";

/** Options of `startServer`. */
export interface ServerOptions {
  /** Default 127.0.0.1. */
  readonly host?: string;
  /** Default 0: any free port. */
  readonly port?: number;
  /** Whether every request needs a token; default false on loopback. Elsewhere it always does. */
  readonly requireToken?: boolean;
  /** The address that browsers use when a proxy stands in between, such as `https://fpx.example`. */
  readonly origin?: string;
  /** Requests by one address; default 10,000 a second on loopback, else 100. */
  readonly rateLimit?: RateLimit;
  /** Largest body in bytes; default 262,144. */
  readonly maximumBody?: number;
  /** Who writes drafts, by the policy's name; with two or more, a bandit chooses among them. */
  readonly drafters?: Readonly<Record<string, Drafter>>;
  /** The bandit's name; default `desk`. */
  readonly bandit?: string;
  readonly banditOptions?: LateEnsembleOptions;
  /** The definition of the edit cost. */
  readonly cost?: CostOptions;
  /** Folder of the built studio; none unless given. */
  readonly studio?: string;
  /** Goes on with a run when the studio asks for it. */
  readonly resume?: ResumeRun;
  readonly version?: string;
  /** Hears of errors that are the server's own; they are not told to callers. */
  readonly onError?: (error: unknown) => void;
}

/** A server that listens. */
export interface RunningServer {
  readonly url: string;
  /** Takes nothing new, finishes what it took, and ends; the store stays open. */
  close(): Promise<void>;
}

/** How long open answers may take at the end, in milliseconds. */
const GRACE = 5000;

/**
 * Serves the HTTP API over a store, with the studio when its folder is given. Open the store with `threads`.
 *
 * Throws `InvalidInput` when it cannot listen, the studio is not built, or the bandit is there with other arms.
 *
 * @example const server = await startServer(await openStore(undefined, { threads: true }), { port: 7878 });
 */
export async function startServer(store: Store, options: ServerOptions = {}): Promise<RunningServer> {
  const { host = "127.0.0.1", port = 0, drafters = {}, bandit = "desk", maximumBody = 262_144 } = options;
  const local = isLoopback(host);
  const open = local && !(options.requireToken ?? false);
  const desk = new Desk(store, options.cost);
  const names = Object.keys(drafters);
  if (names.length > 1) await desk.openBandit(bandit, names, options.banditOptions);
  const closing = new AbortController();
  const app = createApp({
    store,
    desk,
    drafters,
    bandit: names.length > 1 ? bandit : null,
    open,
    origin: options.origin,
    rateLimit:
      options.rateLimit ?? (local ? { perSecond: 10_000, burst: 20_000 } : { perSecond: 100, burst: 500 }),
    maximumBody,
    assets: options.studio === undefined ? undefined : await loadAssets(options.studio),
    resume: options.resume,
    version: options.version ?? "0",
    closing: closing.signal,
    onError: options.onError ?? (() => undefined),
    addressOf: (env) => getConnInfo({ env } as Parameters<typeof getConnInfo>[0]).remote.address ?? "",
  });
  const server = serve({
    fetch: app.fetch,
    hostname: host,
    port,
    serverOptions: {
      // Slow clients are cut off: headers and the whole request have their time.
      headersTimeout: 5000,
      requestTimeout: 20_000,
      keepAliveTimeout: 10_000,
      connectionsCheckingInterval: 1000,
      maxHeaderSize: 16_384,
    },
  }) as Server;
  server.maxConnections = 2000;
  // One that takes nothing of its answer, or has nothing to say for so long, is cut off too.
  server.setTimeout(300_000);
  await new Promise<void>((resolve, reject) => {
    server.once("listening", resolve);
    server.once("error", (error: NodeJS.ErrnoException) =>
      reject(
        new InvalidInput(
          error.code === "EADDRINUSE"
            ? `port ${port} of ${host} is in use: choose another --port`
            : `cannot listen on ${host}:${port}: ${error.message}`,
          { code: "LISTEN", cause: error },
        ),
      ),
    );
  });
  const address = server.address() as AddressInfo;
  let closed: Promise<void> | undefined;
  return {
    url: `http://${host.includes(":") ? `[${host}]` : host}:${address.port}`,
    close: () => (closed ??= shutDown()),
  };

  async function shutDown(): Promise<void> {
    closing.abort();
    const ended = new Promise<void>((resolve) => server.close(() => resolve()));
    const until = performance.now() + GRACE;
    const timer = setInterval(() => {
      if (performance.now() > until) server.closeAllConnections();
      else server.closeIdleConnections();
    }, 50);
    await ended;
    clearInterval(timer);
    await desk.drained();
  }
}
