/** Faults with real processes: whatever is killed or cut, no run is lost and the bits stay those of `inline`. */
import { execFileSync, spawn } from "node:child_process";
import { cp, mkdtemp, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { connect, createServer, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { grinder, problem } from "../../test/fixtures/executors/bowl.ts";
import study from "../../test/fixtures/executors/grind.ts";
import { fpx, root } from "../../test/support/fpx.ts";
import { type RedisServer, startRedis } from "../../test/support/services.ts";
import { startWorker, type WorkerProcess } from "../../test/support/workers.ts";
import { type RunResult, run } from "../core/index.ts";
import { cluster } from "./index.ts";

const fixture = (name: string) => join(root, "test/fixtures/executors", name);
const module = fixture("bowl.ts");
const source = { module, fingerprint: problem.fingerprint };

let redis: RedisServer;
let workers: WorkerProcess[] = [];
let dir: string;

async function moreWorkers(
  count: number,
  url = redis.url,
  path = module,
  name = "problem",
): Promise<readonly WorkerProcess[]> {
  const fresh = Array.from({ length: count }, () => startWorker(url, path, { name }));
  workers.push(...fresh);
  await Promise.all(fresh.map(({ ready }) => ready));
  return fresh;
}

/** Runs for so many seconds while faults happen, then once more without any: same bits, and what the worst round lost on the median. */
async function throughFaults(
  seconds: number,
  faults: (stop: AbortSignal) => Promise<void>,
): Promise<{ readonly delay: number }> {
  const executor = cluster(redis.url, { ...source, inlineBelow: 0 });
  const solver = grinder({ questions: 24, milliseconds: 8 });
  const over = new AbortController();
  const faulty = faults(over.signal);
  const rounds: number[] = [];
  let before = performance.now();
  let outcome: RunResult<unknown, number>;
  try {
    outcome = await run(solver, problem, {
      seed: 1,
      executor,
      stop: { maxSeconds: seconds },
      observers: [
        () => {
          rounds.push(performance.now() - before);
          before = performance.now();
        },
      ],
    });
  } finally {
    over.abort();
    await faulty;
    await executor.close();
  }
  const quiet = await run(solver, problem, { seed: 1, stop: { maxSteps: outcome.steps } });
  expect(outcome.calls).toBe(quiet.calls);
  expect(outcome.result).toBe(quiet.result);
  expect(outcome.steps).toBeGreaterThan(10);
  rounds.sort((a, b) => a - b);
  return { delay: rounds.at(-1)! - rounds[rounds.length >> 1]! };
}

const started = await startRedis();
await started?.stop();

describe.skipIf(started === undefined)("a cluster under faults", () => {
  beforeEach(async () => {
    redis = (await startRedis())!;
    dir = await mkdtemp(join(tmpdir(), "fpx-faults-"));
  });
  afterEach(async () => {
    await Promise.all(workers.map((worker) => worker.kill()));
    workers = [];
    await redis.stop();
    await rm(dir, { recursive: true, force: true });
  });

  it("loses a worker every 2 s for a minute", async () => {
    await moreWorkers(3);
    let ready = 3;
    let kills = 0;
    const { delay } = await throughFaults(60, async (stop) => {
      while (!stop.aborted) {
        await sleep(2000);
        // On a busy machine a new worker may need longer: the last one is left alone until there is another.
        if (ready < 2) continue;
        ready--;
        const [victim] = workers.splice(0, 1);
        await victim!.kill();
        kills++;
        moreWorkers(1).then(
          () => ready++,
          () => undefined,
        );
      }
    });
    expect(kills).toBeGreaterThan(5);
    // Two kills may fall into one round.
    expect(delay).toBeLessThan(2 * 5000);
  }, 240_000);

  it("loses Redis and gets it back from its file, five times", async () => {
    await moreWorkers(2);
    let restarts = 0;
    await throughFaults(40, async (stop) => {
      while (!stop.aborted && restarts < 5) {
        await sleep(5000);
        await redis.kill();
        await sleep(1000);
        await redis.restart();
        restarts++;
      }
    });
    expect(restarts).toBe(5);
  }, 240_000);

  it("is cut from one worker for 20 s", async () => {
    const proxy = await createCuttableProxy(redis.port);
    await moreWorkers(1, `redis://127.0.0.1:${proxy.port}`);
    await moreWorkers(1);
    const { delay } = await throughFaults(45, async () => {
      await sleep(5000);
      proxy.cut();
      await sleep(20_000);
      proxy.mend();
    });
    expect(delay).toBeLessThan(10_000);
    proxy.close();
  }, 240_000);

  it("goes on with a driver that was killed", async () => {
    const path = fixture("grind.ts");
    await moreWorkers(2, redis.url, path, "default");
    const db = join(dir, "fpx.db");
    const driver = spawn(
      process.execPath,
      ["--import", "jiti/register", "src/cli/main.ts", "run", path, "--cluster", redis.url, "--db", db],
      { cwd: root, stdio: ["ignore", "ignore", "pipe"] },
    );
    let text = "";
    driver.stderr.on("data", (data) => {
      text += String(data);
    });
    while (!/run (\w+)/.test(text)) await sleep(50);
    await sleep(8000);
    driver.kill("SIGKILL");
    const id = /run (\w+)/.exec(text)![1]!;
    let ended = await fpx(["run", "--resume", id, "--cluster", redis.url, "--db", db, "--json"]);
    // Until the first driver's last sign of life is old enough, it might still be at work.
    for (let tries = 0; tries < 20 && /going on in another process/.test(ended.stderr); tries++) {
      await sleep(2000);
      ended = await fpx(["run", "--resume", id, "--cluster", redis.url, "--db", db, "--json"]);
    }
    expect(ended.stderr).toMatch(/from step [1-9]/);
    const { status, steps, result } = JSON.parse(ended.stdout) as Record<string, unknown>;
    const quiet = await run(study.solver, problem, { seed: 3, stop: { maxSteps: 150 } });
    expect({ status, steps, result }).toEqual({ status: "budget", steps: 150, result: quiet.result });
  }, 240_000);

  it("gives up a question that takes three processes along, and names it", async () => {
    let deaths = 0;
    let over = false;
    const keepAlive = async (): Promise<void> => {
      const [worker] = await moreWorkers(1);
      worker!.child.once("exit", () => {
        if (over) return;
        deaths++;
        keepAlive().catch(() => undefined);
      });
    };
    await Promise.all([keepAlive(), keepAlive(), keepAlive()]);
    const executor = cluster(redis.url, { ...source, inlineBelow: 0 });
    const ask = (questions: readonly unknown[]) =>
      executor.ask({ oracle: problem.fatal as never, questions, common: undefined }) as Promise<unknown>;
    // One question a job at first; then many, which are parted when their worker is lost.
    for (const count of [1, 9, 60]) {
      deaths = 0;
      const deadly = Math.floor(count / 2);
      const questions = Array.from({ length: count }, (_, i) => ({ i, deadly: i === deadly }));
      await expect(ask(questions)).rejects.toMatchObject({
        code: "ORACLE_FAILURE",
        index: deadly,
        cause: { code: "WORKER_LOST" },
      });
      expect(deaths).toBe(3);
      const harmless = questions.map(({ i }) => ({ i, deadly: false }));
      expect(await ask(harmless)).toEqual(harmless.map(({ i }) => 2 * i));
    }
    over = true;
    await executor.close();
  }, 240_000);

  it("works as it is built", async () => {
    execFileSync("npx", ["tsdown", "--logLevel", "silent"], { cwd: root, stdio: "pipe" });
    const path = fixture("grind.ts");
    const worker = startWorker(redis.url, path, { name: "default", built: true, threads: 2 });
    workers.push(worker);
    await worker.ready;
    const { result } = await run(study.solver, problem, { seed: 3, stop: { maxSteps: 5 } });
    for (const how of [["--threads", "2"], ["--cluster", redis.url], []]) {
      const args = ["run", path, ...how, "--max-steps", "5", "--db", join(dir, "fpx.db"), "--json"];
      const printed = execFileSync(process.execPath, ["dist/cli/main.js", ...args], {
        cwd: root,
        stdio: "pipe",
      });
      expect((JSON.parse(String(printed)) as { result: number }).result).toBe(result);
    }
  }, 240_000);

  it("leaves a worker of another version aside", async () => {
    for (const name of ["src", "test"]) await cp(join(root, name), join(dir, name), { recursive: true });
    await symlink(join(root, "node_modules"), join(dir, "node_modules"));
    const description = JSON.parse(await readFile(join(root, "package.json"), "utf8")) as object;
    await writeFile(join(dir, "package.json"), JSON.stringify({ ...description, version: "0.0.1" }));
    const old = startWorker(redis.url, module, { folder: dir });
    workers.push(old);
    await old.ready;
    const notes: string[] = [];
    const executor = cluster(redis.url, { ...source, inlineBelow: 0, onNote: (line) => notes.push(line) });
    const asked = executor.ask({
      oracle: problem.later as never,
      questions: [2, 7],
      common: undefined,
    }) as Promise<unknown>;
    while (notes.length === 0 || !/not answering/.test(old.output())) await sleep(100);
    expect(notes[0]).toMatch(/fpx 0\.0\.1, not \d/);
    expect(old.output()).toMatch(/not answering the driver .* fpx \d.*, not 0\.0\.1/);
    await moreWorkers(1);
    expect(await asked).toEqual([2, 3]);
    await executor.close();
  }, 120_000);
});

/** A connection to Redis that can fall silent, as a cut cable would, and come back. */
async function createCuttableProxy(target: number) {
  const sockets = new Set<Socket>();
  let cut = false;
  const server = createServer((client) => {
    const upstream = connect(target, "127.0.0.1");
    for (const [from, to] of [
      [client, upstream],
      [upstream, client],
    ] as const) {
      sockets.add(from);
      from.on("data", (data) => to.write(data));
      from.on("error", () => undefined);
      from.on("close", () => {
        sockets.delete(from);
        to.destroy();
      });
      if (cut) from.pause();
    }
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", () => resolve()));
  return {
    port: (server.address() as { port: number }).port,
    cut() {
      cut = true;
      for (const socket of sockets) socket.pause();
    },
    mend() {
      cut = false;
      for (const socket of sockets) socket.resume();
    },
    close() {
      for (const socket of sockets) socket.destroy();
      server.close();
    },
  };
}
