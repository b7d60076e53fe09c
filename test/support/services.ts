/** Real services for tests, on loopback: found, or installed as root on Debian, else named as not run. */
import { execFileSync, spawn } from "node:child_process";
import { existsSync, readdirSync, statSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { connect, createServer } from "node:net";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import type { Browser } from "playwright-core";

/** Debian keeps the programs of PostgreSQL's server, a folder a version, outside the path. */
const POSTGRES = "/usr/lib/postgresql";

const find = (program: string): string | undefined =>
  [
    ...(process.env["PATH"] ?? "").split(delimiter),
    ...(existsSync(POSTGRES) ? readdirSync(POSTGRES).map((version) => join(POSTGRES, version, "bin")) : []),
  ]
    .map((folder) => join(folder, program))
    .find((path) => existsSync(path));

/**
 * Path of a program. When it is missing, root on Debian installs `debianPackage`; elsewhere the result is `undefined`
 * with a line that says what was not run and how to get it. With `CI=true` a missing program is an error.
 */
export function serviceProgram(program: string, debianPackage: string): string | undefined {
  const found = find(program);
  if (found !== undefined) return found;
  if (process.getuid?.() === 0 && find("apt-get") !== undefined) {
    try {
      // Tests of several files may install at once: each waits for its turn.
      const wait = ["-o", "DPkg::Lock::Timeout=300"];
      execFileSync("apt-get", [...wait, "install", "-y", "--no-install-recommends", debianPackage], {
        stdio: "pipe",
        env: { ...process.env, DEBIAN_FRONTEND: "noninteractive" },
      });
    } catch (error) {
      console.warn(`installing ${debianPackage} failed: ${(error as Error).message}`);
    }
  }
  const installed = find(program);
  if (installed !== undefined) return installed;
  const line = `${program} is not here, so its tests do not run: install it (Debian: apt-get install ${debianPackage})`;
  if (process.env["CI"] === "true") throw new Error(line);
  console.warn(line);
  return undefined;
}

/** Debian's Chromium, or the one that CHROMIUM names, without a window; `undefined` when it is not to be had. */
export async function startChromium(extra: readonly string[] = []): Promise<Browser | undefined> {
  const executablePath = process.env["CHROMIUM"] ?? serviceProgram("chromium", "chromium");
  if (executablePath === undefined) return undefined;
  // Only where a browser is wanted: the library does not load under the loader of TypeScript that benches use.
  const { chromium } = await import("playwright-core");
  return chromium.launch({ executablePath, args: ["--no-sandbox", ...extra] });
}

/** A free port of loopback. */
export const freePort = (): Promise<number> =>
  new Promise((resolve, reject) => {
    const server = createServer();
    server.once("error", reject);
    server.listen(0, "127.0.0.1", () => {
      const { port } = server.address() as { port: number };
      server.close(() => resolve(port));
    });
  });

/** Waits until something listens on the port. */
export async function listening(port: number, milliseconds = 10_000): Promise<void> {
  const until = performance.now() + milliseconds;
  while (performance.now() < until) {
    const open = await new Promise<boolean>((resolve) => {
      const socket = connect(port, "127.0.0.1");
      socket.once("connect", () => {
        socket.destroy();
        resolve(true);
      });
      socket.once("error", () => resolve(false));
    });
    if (open) return;
    await new Promise((resolve) => setTimeout(resolve, 25));
  }
  throw new Error(`nothing listens on port ${port} after ${milliseconds} ms`);
}

/** Paths of PEM files. */
export interface Certificate {
  readonly authority: string;
  readonly certificate: string;
  readonly key: string;
}

/** Makes an authority, and a certificate of `localhost` that it signed; `undefined` when openssl is not to be had. */
export function makeCertificate(dir: string): Certificate | undefined {
  const openssl = serviceProgram("openssl", "openssl");
  if (openssl === undefined) return undefined;
  const [authority, authorityKey, certificate, key] = ["ca.pem", "ca.key", "server.pem", "server.key"].map(
    (name) => join(dir, name),
  ) as [string, string, string, string];
  const make = (...args: string[]): unknown =>
    execFileSync(openssl, ["req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", ...args], {
      stdio: "pipe",
    });
  make("-subj", "/CN=fpx test authority", "-keyout", authorityKey, "-out", authority);
  make(
    ...["-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1"],
    ...["-addext", "basicConstraints=critical,CA:FALSE", "-CA", authority, "-CAkey", authorityKey],
    ...["-keyout", key, "-out", certificate],
  );
  return { authority, certificate, key };
}

/** A Redis server of one's own, with an append-only file, that can be killed and started again. */
export interface RedisServer {
  readonly url: string;
  readonly port: number;
  /** Ends it at once, as a power cut would. */
  kill(): Promise<void>;
  /** Starts it again on the same port and files. */
  restart(): Promise<void>;
  stop(): Promise<void>;
}

/**
 * Starts redis-server; `undefined` when it is not to be had. With `tls` it speaks TLS only, and its address names
 * `localhost`.
 */
export async function startRedis(
  extra: readonly string[] = [],
  tls?: Certificate,
): Promise<RedisServer | undefined> {
  const program = serviceProgram("redis-server", "redis-server");
  if (program === undefined) return undefined;
  const dir = await mkdtemp(join(tmpdir(), "fpx-redis-"));
  const port = await freePort();
  const launch = async () => {
    const child = spawn(
      program,
      [
        ...(tls === undefined
          ? ["--port", String(port)]
          : ["--port", "0", "--tls-port", String(port), "--tls-auth-clients", "no"]),
        ...(tls === undefined ? [] : ["--tls-cert-file", tls.certificate, "--tls-key-file", tls.key]),
        ...(tls === undefined ? [] : ["--tls-ca-cert-file", tls.authority]),
        "--bind",
        "127.0.0.1",
        "--dir",
        dir,
        "--appendonly",
        "yes",
        "--save",
        "",
        ...extra,
      ],
      { stdio: "ignore" },
    );
    await listening(port);
    return child;
  };
  let child = await launch();
  const kill = (signal: NodeJS.Signals) =>
    new Promise<void>((resolve) => {
      if (child.exitCode !== null || child.signalCode !== null) return resolve();
      child.once("exit", () => resolve());
      child.kill(signal);
    });
  return {
    url: tls === undefined ? `redis://127.0.0.1:${port}` : `rediss://localhost:${port}`,
    port,
    kill: () => kill("SIGKILL"),
    async restart() {
      child = await launch();
    },
    async stop() {
      await kill("SIGKILL");
      await rm(dir, { recursive: true, force: true });
    },
  };
}

/** Bytes of all files below a folder. */
export const folderBytes = (folder: string): number =>
  readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .reduce((sum, entry) => sum + statSync(join(entry.parentPath, entry.name)).size, 0);
