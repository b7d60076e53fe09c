/** A PostgreSQL server of the tests' own, on loopback, in a temporary folder. */
import { type ChildProcess, execFile, spawn } from "node:child_process";
import { chown, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { promisify } from "node:util";
import { freePort, serviceProgram } from "./services.ts";

const run = promisify(execFile);

/** A running server; each `database()` is a fresh one. */
export interface PostgresServer {
  /** Makes an empty database and gives its address. */
  database(): Promise<string>;
  stop(): Promise<void>;
}

/**
 * Starts a server. Without PostgreSQL on the machine it gives undefined, and with `CI=true` it throws: there a missing
 * service is a failure.
 */
export async function startPostgres(): Promise<PostgresServer | undefined> {
  const program = serviceProgram("postgres", "postgresql");
  const init = serviceProgram("initdb", "postgresql");
  if (program === undefined || init === undefined) return undefined;
  // The server refuses to run as root.
  const owner = process.getuid?.() === 0 ? await userIds("postgres") : undefined;
  const folder = await mkdtemp(join(tmpdir(), "fpx-postgres-"));
  if (owner !== undefined) await chown(folder, owner.uid, owner.gid);
  const data = join(folder, "data");
  await run(init, ["-D", data, "-U", "fpx", "-A", "trust", "-E", "UTF8", "--no-locale", "--no-sync"], owner);
  const port = await freePort();
  const server = spawn(
    program,
    ["-D", data, "-h", "127.0.0.1", "-p", String(port), "-k", folder, "-c", "max_connections=60"],
    { ...owner, stdio: "ignore" },
  );
  const base = `postgres://fpx@127.0.0.1:${port}`;
  await answering(`${base}/postgres`, server);
  let made = 0;
  return {
    async database() {
      const name = `test${++made}`;
      await query(`${base}/postgres`, `create database ${name}`);
      return `${base}/${name}`;
    },
    async stop() {
      const ended = new Promise((done) => server.once("exit", done));
      if (server.exitCode === null) {
        // Its files go next: nothing needs to be written any more.
        server.kill("SIGQUIT");
        await ended;
      }
      await rm(folder, { recursive: true, force: true });
    },
  };
}

async function userIds(name: string): Promise<{ readonly uid: number; readonly gid: number }> {
  const [uid, gid] = await Promise.all(
    ["-u", "-g"].map(async (flag) => Number((await run("id", [flag, name])).stdout)),
  );
  return { uid: uid!, gid: gid! };
}

async function query(address: string, text: string): Promise<void> {
  const { default: pg } = await import("pg");
  const client = new pg.Client({ connectionString: address });
  await client.connect();
  try {
    await client.query(text);
  } finally {
    await client.end();
  }
}

async function answering(address: string, server: ChildProcess): Promise<void> {
  for (let attempt = 0; attempt < 300; attempt++) {
    if (server.exitCode !== null) break;
    try {
      await query(address, "select 1");
      return;
    } catch {
      await sleep(100);
    }
  }
  throw new Error(`PostgreSQL did not start (exit code ${server.exitCode})`);
}
