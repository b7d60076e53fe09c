/**
 * The driver's side of a cluster: hands out jobs and waits for their answers. Events are hints only; what counts is
 * the answer that lies in Redis, so a lost event, job or worker costs time and never an answer.
 */
import { randomUUID } from "node:crypto";
import { hostname } from "node:os";
import { setTimeout as sleep } from "node:timers/promises";
import { Cancelled, decode, encode } from "../core/index.ts";
import { WorkerLost } from "./losses.ts";
import {
  announce,
  answerKey,
  type Build,
  CANCEL_CHANNEL,
  commonKey,
  cutKey,
  difference,
  digestOf,
  failureKey,
  HEARTBEAT_MS,
  type JobData,
  KEPT_SECONDS,
  keepQueue,
  membersOf,
  QUEUE_PREFIX,
  queueName,
  SETTLED_SECONDS,
  withdraw,
} from "./names.ts";
import type { Chunk, Reply } from "./protocol.ts";
import { ClusterUnreachable, clusterLibraries, connect } from "./redis.ts";

/** How often unanswered jobs are looked after, in milliseconds. */
const LOOK_EVERY = 250;
/** Jobs whose state is read in one look. */
const LOOKED_AFTER = 64;
/** How long a farewell may take when Redis does not answer, in milliseconds. */
const FAREWELL = 1000;

export interface ExchangeOptions {
  readonly url: string;
  readonly build: Build;
  /** Runs of one name share answers: a resumed run finds those of its first start. */
  readonly run: string | undefined;
  /** Seconds to wait without a matching worker. */
  readonly patience: number;
  readonly onNote: (line: string) => void;
  /** Milliseconds after which a job that is being answered is given to a second worker. */
  slow(oracle: string): number;
}

/** What the questions of a batch share, and its digest. */
export interface Common {
  readonly digest: string;
  readonly bytes: Buffer;
}

export interface Exchange {
  /** Questions that the matching workers answer at once; at least 1. */
  threads(): number;
  /** Stores what the questions of a batch share, for `answer`. */
  publish(common: unknown): Promise<Common | undefined>;
  /** The size of chunks of a batch: `proposed`, or what an earlier start of the run chose. */
  cut(batch: readonly unknown[], proposed: number): Promise<number>;
  /**
   * Gives the chunk to at most `allowed` workers. Throws `WorkerLost` when those that had it ended, `Cancelled`, and
   * `ClusterUnreachable` when no worker came.
   */
  answer(chunk: Chunk, common: Common | undefined, allowed: number, signal?: AbortSignal): Promise<Reply>;
  /** Answers received so far need not be kept for long. */
  release(): void;
  close(): Promise<void>;
}

/** Who waits for a chunk's answer. */
interface Asker {
  settle(reply: Reply): void;
  fail(error: Error): void;
}

/** A chunk that was handed out and is not yet answered. */
interface Waiting {
  readonly data: JobData;
  readonly common: Common | undefined;
  readonly oracle: string;
  readonly askedAt: number;
  readonly askers: Set<Asker>;
  /** How many workers it may cost. */
  readonly allowed: number;
  lost: number;
  /** Jobs under which it is in the queue or with a worker. */
  readonly jobs: Set<string>;
  /** When a worker was first seen at its last job. */
  activeSince: number | undefined;
}

export async function openExchange(options: ExchangeOptions): Promise<Exchange> {
  const { url, build, run, patience, onNote, slow } = options;
  const { bullmq } = await clusterLibraries();
  const name = queueName(build);
  const session = randomUUID();
  const scope = `${name}:${run ?? session}`;
  const redis = await connect(url);
  const blocking = redis.duplicate();
  let closing = false;
  redis.on("close", () => {
    if (!closing) onNote("the connection to Redis is lost: waiting for it");
  });
  const queue = new bullmq.Queue<JobData>(name, {
    connection: redis,
    prefix: QUEUE_PREFIX,
    defaultJobOptions: { removeOnComplete: true, removeOnFail: { age: 3600, count: 1000 } },
    streams: { events: { maxLen: 10_000 } },
  });
  const events = new bullmq.QueueEvents(name, { connection: blocking, prefix: QUEUE_PREFIX });
  queue.on("error", () => undefined);
  events.on("error", () => undefined);
  await events.waitUntilReady();

  const waiting = new Map<string, Waiting>();
  /** Digests of answers that lie in Redis and here. */
  let settled: string[] = [];
  let serial = 0;
  const published = new Set<string>();
  let threads = 1;
  let alone = performance.now();

  function finish(one: Waiting, end: (asker: Asker) => void): void {
    waiting.delete(one.data.digest);
    for (const asker of one.askers) end(asker);
  }

  /** Reads answers of these chunks, as far as they lie there. */
  async function collect(digests: readonly string[]): Promise<void> {
    if (digests.length === 0) return;
    const keys = digests.flatMap((digest) => [answerKey(scope, digest), failureKey(session, digest)]);
    const found = await redis.mgetBuffer(keys);
    for (const [i, digest] of digests.entries()) {
      const bytes = found[2 * i] ?? found[2 * i + 1];
      const one = waiting.get(digest);
      if (!bytes || !one) continue;
      settled.push(digest);
      finish(one, ({ settle }) => settle(decode(bytes) as Reply));
      // The slower of two workers need not go on.
      if (one.jobs.size > 1) cancel(one).catch(() => undefined);
    }
  }

  const named = (job: string): Waiting | undefined => {
    const [from, digest] = job.split("~");
    return from === session ? waiting.get(digest!) : undefined;
  };
  /** What events of one moment tell is read in one go. */
  let told = new Set<string>();
  events.on("completed", ({ jobId }) => {
    const one = named(jobId);
    if (one === undefined) return;
    if (told.size === 0)
      setImmediate(() => {
        const digests = [...told];
        told = new Set();
        collect(digests).catch(() => undefined);
      });
    told.add(one.data.digest);
  });
  events.on("failed", ({ jobId, failedReason }) => {
    const one = named(jobId);
    if (one !== undefined) lose(one, jobId, failedReason);
  });
  /** A job failed; while another worker is at it, that is no more than noted. */
  function lose(one: Waiting, job: string, reason: string): void {
    if (!one.jobs.delete(job)) return;
    one.lost++;
    if (one.jobs.size === 0) finish(one, ({ fail }) => fail(new WorkerLost(reason, { workers: one.lost })));
  }

  async function handOut(one: Waiting): Promise<void> {
    const job = `${session}~${one.data.digest}~${serial++}`;
    one.jobs.add(job);
    one.activeSince = undefined;
    await queue.add(one.oracle, one.data, { jobId: job });
  }

  /** Once more: Redis may have forgotten what the questions share. */
  async function handOutAgain(one: Waiting): Promise<void> {
    if (one.common !== undefined) await keepCommon(one.common);
    await handOut(one);
  }

  const keepCommon = ({ digest, bytes }: Common): Promise<unknown> =>
    redis.set(commonKey(scope, digest), bytes, "EX", KEPT_SECONDS);

  /** Asks again what was lost, and asks a second worker for what takes too long. */
  async function lookAfter(): Promise<void> {
    await collect([...waiting.keys()]);
    const now = performance.now();
    const late = [...waiting.values()]
      .filter(({ askedAt }) => now - askedAt > 2 * LOOK_EVERY)
      .slice(0, LOOKED_AFTER)
      .flatMap((one) => [...one.jobs].map((job) => ({ one, job })));
    const states = await Promise.all(late.map(({ job }) => queue.getJobState(job)));
    const gone = new Set<Waiting>();
    for (const [i, { one, job }] of late.entries()) {
      if (states[i] === "failed") lose(one, job, "it stopped renewing its lock");
      else if (states[i] === "active") one.activeSince ??= now;
      else if (states[i] === "unknown" && one.jobs.delete(job)) gone.add(one);
    }
    // A job that is gone was answered a moment ago, dropped by a worker, or lost with a restart of Redis.
    await collect([...gone].map(({ data }) => data.digest));
    const open = (one: Waiting): boolean => waiting.get(one.data.digest) === one;
    for (const one of gone) if (open(one) && one.jobs.size === 0) await handOutAgain(one);
    for (const { one } of late) {
      const helpings = one.lost + one.jobs.size;
      const isSlow =
        one.activeSince !== undefined && now - one.activeSince > slow(one.oracle) * 2 ** (helpings - 1);
      if (isSlow && helpings < one.allowed && open(one)) await handOutAgain(one);
    }
  }

  let noted = "";
  async function countWorkers(): Promise<void> {
    await announce(redis, session, {
      ...build,
      role: "driver",
      host: hostname(),
      pid: process.pid,
      threads: 0,
    });
    await keepQueue(redis, queue);
    const workers = await membersOf(redis, "worker");
    const matching = workers.filter((worker) => difference(worker, build) === undefined);
    threads = Math.max(
      1,
      matching.reduce((sum, worker) => sum + worker.threads, 0),
    );
    if (matching.length > 0 || waiting.size === 0) {
      alone = performance.now();
      noted = "";
      return;
    }
    const silent = (performance.now() - alone) / 1000;
    const others = workers.map((worker) => `${worker.host} has ${difference(worker, build)}`);
    const why = `no worker answers this problem${others.length === 0 ? "" : ` (${others.join("; ")})`}: start one with fpx worker --cluster URL --problem MODULE`;
    if (why !== noted) onNote(why);
    noted = why;
    if (silent > patience) {
      const error = new ClusterUnreachable(`${why}; waited ${Math.round(silent)} s`);
      for (const one of waiting.values()) finish(one, ({ fail }) => fail(error));
    }
  }

  /** Repeats work until the exchange is closed; what fails while Redis is away is done the next time. */
  function repeat(work: () => Promise<void>, pause: number): () => void {
    let timer: NodeJS.Timeout | undefined;
    let closed = false;
    const turn = (): void => {
      work()
        .catch(() => undefined)
        .finally(() => {
          if (!closed) timer = setTimeout(turn, pause);
        });
    };
    timer = setTimeout(turn, pause);
    return () => {
      closed = true;
      clearTimeout(timer);
    };
  }
  await countWorkers();
  const ends = [repeat(lookAfter, LOOK_EVERY), repeat(countWorkers, HEARTBEAT_MS / 3)];

  async function cancel({ data, jobs }: Waiting): Promise<void> {
    await redis.publish(CANCEL_CHANNEL, JSON.stringify({ session, digest: data.digest }));
    await Promise.all([...jobs].map((job) => queue.remove(job)));
  }

  function release(): void {
    if (settled.length === 0) return;
    const seconds = run === undefined ? SETTLED_SECONDS.nameless : SETTLED_SECONDS.named;
    const batch = redis.pipeline();
    for (const digest of settled) batch.expire(answerKey(scope, digest), seconds);
    settled = [];
    batch.exec().catch(() => undefined);
  }

  return {
    threads: () => threads,
    async publish(common) {
      if (common === undefined) return undefined;
      const encoded = encode(common);
      const shared = { digest: digestOf(encoded), bytes: Buffer.from(encoded.buffer) };
      if (!published.has(shared.digest)) {
        await keepCommon(shared);
        if (published.size > 1000) published.clear();
        published.add(shared.digest);
      }
      return shared;
    },
    async cut(batch, proposed) {
      const key = cutKey(scope, digestOf(encode(batch)));
      const earlier = await redis.set(key, String(proposed), "EX", KEPT_SECONDS, "NX", "GET");
      return earlier === null ? proposed : Number(earlier);
    },
    release,
    async answer({ common: _, ...chunk }, common, allowed, signal) {
      if (signal?.aborted) throw new Cancelled();
      const bytes = encode(chunk);
      const digest = digestOf(bytes, common?.digest ?? "");
      let one = waiting.get(digest);
      if (one === undefined) {
        const data: JobData = {
          scope,
          session,
          digest,
          chunk: Buffer.from(bytes.buffer).toString("base64"),
          ...(common === undefined ? {} : { common: common.digest }),
        };
        const fresh: Waiting = {
          data,
          common,
          oracle: chunk.oracle,
          askedAt: performance.now(),
          askers: new Set(),
          allowed,
          lost: 0,
          jobs: new Set(),
          activeSince: undefined,
        };
        one = fresh;
        waiting.set(digest, fresh);
        handOut(fresh).catch((error: Error) => finish(fresh, ({ fail }) => fail(error)));
      }
      const mine = one;
      let asker: Asker;
      let onAbort: () => void;
      try {
        return await new Promise<Reply>((settle, fail) => {
          asker = { settle, fail };
          mine.askers.add(asker);
          onAbort = () => fail(new Cancelled());
          signal?.addEventListener("abort", onAbort, { once: true });
        });
      } finally {
        signal?.removeEventListener("abort", onAbort!);
        mine.askers.delete(asker!);
        if (signal?.aborted && mine.askers.size === 0 && waiting.get(digest) === mine) {
          waiting.delete(digest);
          cancel(mine).catch(() => undefined);
        }
      }
    },
    async close() {
      closing = true;
      for (const end of ends) end();
      const closed = new Cancelled("the executor was closed");
      for (const one of waiting.values()) finish(one, ({ fail }) => fail(closed));
      release();
      const farewell = Promise.allSettled([
        withdraw(redis, session, "driver"),
        events.close(),
        queue.close(),
      ]);
      await Promise.race([farewell, sleep(FAREWELL)]);
      blocking.disconnect();
      redis.disconnect();
    },
  };
}
