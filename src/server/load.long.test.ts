import { spawn } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { Agent, request } from "node:http";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { root } from "../../test/support/fpx.ts";
import { type PostgresServer, startPostgres } from "../../test/support/postgres.ts";
import { countEdits, editTotals, openStore } from "../store/index.ts";

const SECONDS = Number(process.env["FPX_SECONDS"] ?? 60);
const CONNECTIONS = 50;

let folder: string;
let postgres: PostgresServer | undefined;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "fpx-load-"));
  postgres = await startPostgres();
});
afterAll(async () => {
  await postgres?.stop();
  await rm(folder, { recursive: true, force: true });
});

/** What a server says of itself. */
interface Look {
  /** The longest that its event loop was blocked since the last reset, in milliseconds. */
  readonly blocked: number;
  /** Megabytes of the process, and those in use after a collection. */
  readonly rss: number;
  readonly held: number;
  /** Milliseconds of processor time, of all its threads. */
  readonly cpu: number;
}

/** A server in a process of its own. */
async function serve(location: string) {
  const program = `
    import { createJiti } from "jiti";
    import { monitorEventLoopDelay } from "node:perf_hooks";
    const load = (path) => createJiti(${JSON.stringify(join(root, "package.json"))}).import(path);
    const { openStore } = await load(${JSON.stringify(join(root, "src/store/index.ts"))});
    const { startServer } = await load(${JSON.stringify(join(root, "src/server/index.ts"))});
    const store = await openStore(${JSON.stringify(location)}, { threads: true });
    const server = await startServer(store, { rateLimit: { perSecond: 1e6, burst: 1e6 } });
    const delay = monitorEventLoopDelay({ resolution: 5 });
    delay.enable();
    process.on("message", async (message) => {
      if (message === "reset") delay.reset();
      if (message === "look") {
        const blocked = delay.max / 1e6;
        const { user, system } = process.cpuUsage();
        const rss = process.memoryUsage().rss / 1e6;
        gc();
        const { heapUsed, external } = process.memoryUsage();
        process.send({ blocked, rss, held: (heapUsed + external) / 1e6, cpu: (user + system) / 1000 });
      }
      if (message === "close") { await server.close(); await store.close(); process.exit(0); }
    });
    process.send({ url: server.url });`;
  const child = spawn(process.execPath, ["--expose-gc", "--input-type=module", "-e", program], {
    cwd: root,
    stdio: ["ignore", "inherit", "inherit", "ipc"],
  });
  const answer = <T>(): Promise<T> =>
    new Promise((resolve) => child.once("message", (message) => resolve(message as T)));
  const { url } = await answer<{ readonly url: string }>();
  return {
    url,
    reset: () => child.send("reset"),
    look: () => {
      child.send("look");
      return answer<Look>();
    },
    close: () =>
      new Promise<void>((resolve) => {
        child.once("exit", () => resolve());
        child.send("close");
      }),
  };
}

function post(
  agent: Agent,
  url: string,
  body: unknown,
): Promise<{ readonly status: number; readonly body: string }> {
  const text = JSON.stringify(body);
  return new Promise((resolve, reject) => {
    const sent = request(
      url,
      {
        agent,
        method: "POST",
        headers: { "content-type": "application/json", "content-length": Buffer.byteLength(text) },
      },
      (response) => {
        let answer = "";
        response.setEncoding("utf8");
        response.on("data", (piece) => {
          answer += piece;
        });
        response.on("end", () => resolve({ status: response.statusCode ?? 0, body: answer }));
      },
    );
    sent.on("error", reject);
    sent.end(text);
  });
}

const words =
  "please send the report about the budget to Ann before Friday and tell the office that the meeting moved".split(
    " ",
  );

/** A studio that is open meanwhile: figures, a search and advice once a second. */
async function watch(url: string, signal: AbortSignal): Promise<number> {
  let reads = 0;
  while (!signal.aborted) {
    for (const path of ["edit-stats", "edits?search=please&limit=30", "advice", "bandits/load"]) {
      const answer = await fetch(`${url}/api/${path}`);
      await answer.text();
      if (answer.ok) reads++;
    }
    await sleep(1000);
  }
  return reads;
}

/** `CONNECTIONS` clients that send one edit after the other; one in ten lets a bandit choose first. */
async function hammer(url: string, seconds: number, round: string) {
  const agent = new Agent({ keepAlive: true, maxSockets: CONNECTIONS });
  const latencies: number[] = [];
  const end = performance.now() + 1000 * seconds;
  let acknowledged = 0;
  const failures: string[] = [];
  const client = async (c: number): Promise<void> => {
    for (let i = 0; performance.now() < end; i++) {
      const draft = `Dear Ann, ${words.join(" ")} ${c} ${i}`;
      let choice: string | undefined;
      if (i % 10 === 0) {
        const chosen = await post(agent, `${url}/api/choose-arm`, { bandit: "load", arms: ["a", "b", "c"] });
        choice = (JSON.parse(chosen.body) as { choice: string }).choice;
      }
      const body = {
        id: `${round}-${c}-${i}`,
        context: "Write to Ann.",
        draft,
        edited: i % 3 === 0 ? draft : draft.replace("Dear", "Hi"),
        user: `user-${c}`,
        policy: ["a", "b"][i % 2],
        choice,
      };
      const began = performance.now();
      const { status } = await post(agent, `${url}/api/edits`, body);
      latencies.push(performance.now() - began);
      if (status === 201) acknowledged++;
      else failures.push(String(status));
    }
  };
  await Promise.all(Array.from({ length: CONNECTIONS }, (_, c) => client(c)));
  agent.destroy();
  latencies.sort((a, b) => a - b);
  return {
    acknowledged,
    failures,
    p50: latencies[latencies.length >> 1]!,
    p99: latencies[Math.floor(latencies.length * 0.99)]!,
  };
}

describe("the server under load", () => {
  for (const [backend, least] of [
    ["sqlite", 2000],
    ["postgres", 1000],
  ] as const)
    it(`acknowledges ${least} edits a second on ${backend}, none lost`, async () => {
      const location = backend === "sqlite" ? join(folder, "fpx.db") : await postgres!.database();
      const server = await serve(location);
      const warm = await hammer(server.url, SECONDS / 6, "warm");
      const before = await server.look();
      server.reset();
      const studio = new AbortController();
      const reading = watch(server.url, studio.signal);
      const { acknowledged, failures, p50, p99 } = await hammer(server.url, SECONDS, "load");
      studio.abort();
      const reads = await reading;
      const { blocked, ...after } = await server.look();
      await server.close();
      const cpu = (after.cpu - before.cpu) / acknowledged;
      const rate = acknowledged / SECONDS;
      process.stdout.write(
        `${backend}: ${rate.toFixed(0)} edits/s, p50 ${p50.toFixed(1)} ms, p99 ${p99.toFixed(1)} ms, ${reads} reads, event loop blocked at most ${blocked.toFixed(0)} ms, memory held ${before.held.toFixed(1)} -> ${after.held.toFixed(1)} MB (process ${before.rss.toFixed(0)} -> ${after.rss.toFixed(0)}), ${cpu.toFixed(3)} ms of the server's processor time an edit\n`,
      );
      expect(failures).toEqual([]);
      expect(warm.failures).toEqual([]);
      const store = await openStore(location);
      try {
        const sent = warm.acknowledged + acknowledged;
        expect((await editTotals(store)).n).toBe(sent);
        expect(await countEdits(store, { search: "please" }, 1e9)).toBe(sent);
      } finally {
        await store.close();
      }
      expect(rate).toBeGreaterThan(least);
      expect(p99).toBeLessThan(100);
      expect(blocked).toBeLessThan(100);
      expect(after.held).toBeLessThan(1.1 * before.held + 5);
      expect(reads).toBeGreaterThan(4);
    });

  it("cuts off who sends a body slowly, while others are served", async () => {
    const location = join(folder, "slow.db");
    const server = await serve(location);
    const { hostname, port } = new URL(server.url);
    const slow = Array.from({ length: 20 }, () => {
      const socket = connect(Number(port), hostname);
      socket.write("POST /api/edits HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n");
      socket.write("Content-Length: 1000\r\n\r\n{");
      const dripping = setInterval(() => socket.writable && socket.write(" "), 500);
      socket.on("error", () => undefined).resume();
      return new Promise<void>((resolve) =>
        socket.once("close", () => {
          clearInterval(dripping);
          resolve();
        }),
      );
    });
    const began = performance.now();
    const { failures, acknowledged } = await hammer(server.url, 3, "beside");
    expect(failures).toEqual([]);
    expect(acknowledged).toBeGreaterThan(0);
    await Promise.all(slow);
    expect(performance.now() - began).toBeLessThan(40_000);
    await server.close();
    const store = await openStore(location);
    expect((await editTotals(store)).n).toBe(acknowledged);
    await store.close();
  });
});
