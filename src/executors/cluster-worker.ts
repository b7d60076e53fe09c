/** A worker process of a cluster: takes jobs from the queue and answers them in its own threads. */
import { randomUUID } from "node:crypto";
import { hostname } from "node:os";
import { Cancelled, decode, encode } from "../core/index.ts";
import {
  announce,
  answerKey,
  buildOf,
  CANCEL_CHANNEL,
  commonKey,
  difference,
  failureKey,
  HEARTBEAT_MS,
  type JobData,
  KEPT_SECONDS,
  type Member,
  memberKey,
  membersOf,
  QUEUE_PREFIX,
  queueName,
  withdraw,
} from "./names.ts";
import { createPool } from "./pool.ts";
import type { Chunk } from "./protocol.ts";
import { clusterLibraries, connect } from "./redis.ts";
import { loadProblem, type ProblemSource } from "./source.ts";

/** Options of `clusterWorker`. */
export interface ClusterWorkerOptions {
  /** Questions answered at once. Default 1. */
  readonly threads?: number;
  /** Ends the worker: it finishes what it has begun. */
  readonly signal?: AbortSignal;
  /** Told what a person should know: ready, a driver of another version, a lost connection. */
  readonly onNote?: (line: string) => void;
}

/** A job whose worker is not heard of for so long is given to another, in milliseconds. */
const LOCK = 3000;
/** Redis has lost what the questions of a batch share. */
class CommonGone extends Error {}

/** Common parts of recent batches that are kept decoded. */
const COMMONS_KEPT = 4;

/**
 * Serves a cluster until the signal fires. Throws `InvalidInput` when the module holds no problem, and
 * `ClusterUnreachable` when Redis cannot be reached at the start.
 *
 * @example await clusterWorker("redis://10.0.0.5", { module: "problem.ts", export: "problem" }, { threads: 8 });
 */
export async function clusterWorker(
  url: string,
  source: Omit<ProblemSource, "fingerprint">,
  options: ClusterWorkerOptions = {},
): Promise<void> {
  const { threads = 1, signal, onNote = () => undefined } = options;
  const { fingerprint } = await loadProblem(source);
  const { bullmq } = await clusterLibraries();
  const build = buildOf({ ...source, fingerprint });
  const redis = await connect(url);
  const pool = createPool(threads, { ...source, fingerprint });
  const id = randomUUID();
  const self: Member = { ...build, role: "worker", host: hostname(), pid: process.pid, threads };
  const active = new Map<string, AbortController>();
  const commons = new Map<string, Promise<unknown>>();

  /** The common part of a batch; read once and kept while it is in use. Throws `CommonGone`. */
  function commonOf({ scope, common }: JobData): Promise<unknown> {
    if (common === undefined) return Promise.resolve(undefined);
    const key = commonKey(scope, common);
    let value = commons.get(key);
    if (value === undefined) {
      value = redis.getBuffer(key).then((bytes) => {
        if (bytes === null) throw new CommonGone();
        return decode(bytes);
      });
      value.catch(() => commons.delete(key));
      commons.set(key, value);
      if (commons.size > COMMONS_KEPT) commons.delete(commons.keys().next().value!);
    }
    return value;
  }

  async function answer(data: JobData): Promise<void> {
    const { scope, session, digest } = data;
    const [answered, driver] = await redis.mgetBuffer(answerKey(scope, digest), memberKey("driver", session));
    // Nobody waits for what a driver asked that is gone: one that was only silent for long asks again.
    if (answered || !driver) return;
    const chunk = decode(Buffer.from(data.chunk, "base64")) as Omit<Chunk, "common">;
    const controller = new AbortController();
    active.set(`${session}~${digest}`, controller);
    try {
      const reply = await pool.answer({ ...chunk, common: await commonOf(data) }, controller.signal);
      const bytes = Buffer.from(encode(reply).buffer);
      if ("answers" in reply) await redis.set(answerKey(scope, digest), bytes, "EX", KEPT_SECONDS, "NX");
      else await redis.set(failureKey(session, digest), bytes, "EX", 300);
    } catch (error) {
      // The driver looks after a job without an answer, and asks again with what belongs to it.
      if (!(error instanceof Cancelled || error instanceof CommonGone)) throw error;
    } finally {
      active.delete(`${session}~${digest}`);
    }
  }

  const listener = redis.duplicate();
  listener.on("error", () => undefined);
  await listener.subscribe(CANCEL_CHANNEL);
  listener.on("message", (_, text) => {
    const { session, digest } = JSON.parse(text) as { session: string; digest: string };
    active.get(`${session}~${digest}`)?.abort();
  });

  const worker = new bullmq.Worker<JobData>(queueName(build), (job) => answer(job.data), {
    connection: redis,
    prefix: QUEUE_PREFIX,
    concurrency: threads,
    lockDuration: LOCK,
    stalledInterval: LOCK / 3,
    maxStalledCount: 0,
    removeOnComplete: { count: 0 },
  });
  worker.on("error", () => undefined);
  redis.on("close", () => {
    if (!signal?.aborted) onNote("the connection to Redis is lost: waiting for it");
  });
  await worker.waitUntilReady();
  onNote(`ready: ${threads} ${threads === 1 ? "thread" : "threads"}, problem ${fingerprint}`);

  const refused = new Set<string>();
  async function beat(): Promise<void> {
    await announce(redis, id, self);
    for (const driver of await membersOf(redis, "driver")) {
      const why = difference(driver, build);
      const line = `not answering the driver on ${driver.host} (process ${driver.pid}): ${why}`;
      if (why === undefined || refused.has(line)) continue;
      refused.add(line);
      onNote(line);
    }
  }
  await beat();
  const timer = setInterval(() => void beat().catch(() => undefined), HEARTBEAT_MS);

  await new Promise<void>((resolve) => {
    if (signal?.aborted) resolve();
    signal?.addEventListener("abort", () => resolve(), { once: true });
  });
  clearInterval(timer);
  await withdraw(redis, id, "worker").catch(() => undefined);
  await worker.close();
  await pool.close();
  listener.disconnect();
  redis.disconnect();
}
