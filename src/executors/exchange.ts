/**
 * The driver's side of a cluster: hands out jobs and waits for their answers. Events are hints only; what counts is
 * the answer that lies in Redis, so a lost event, job or worker costs time and never an answer.
 */
import { randomUUID } from "node:crypto";
import { hostname } from "node:os";
import { Cancelled, decode, encode } from "../core/index.ts";
import { WorkerLost } from "./losses.ts";
import {
  announce,
  answerKey,
  buildOf,
  CANCEL_CHANNEL,
  commonKey,
  cutKey,
  difference,
  digestOf,
  failureKey,
  HEARTBEAT_MS,
  type JobData,
  KEPT_SECONDS,
  membersOf,
  QUEUE_PREFIX,
  queueName,
  withdraw,
} from "./names.ts";
import type { Chunk, Reply } from "./protocol.ts";
import { ClusterUnreachable, clusterLibraries, connect } from "./redis.ts";

/** How often unanswered jobs are looked after, in milliseconds. */
const LOOK_EVERY = 250;
/** Second and third helpings of a job that is being answered too slowly. */
const MAX_HEDGES = 2;
/** Jobs whose state is read in one look. */
const LOOKED_AFTER = 64;

export interface ExchangeOptions {
  readonly url: string;
  readonly fingerprint: string;
  /** Runs of one name share answers: a resumed run finds those of its first start. */
  readonly run: string;
  /** Seconds to wait without a matching worker. */
  readonly patience: number;
  readonly onNote: (line: string) => void;
  /** Milliseconds after which a job that is being answered is given to a second worker. */
  slow(oracle: string): number;
}

export interface Exchange {
  /** Questions that the matching workers answer at once; at least 1. */
  threads(): number;
  /** Stores what the questions of a batch share; the digest stands for it in `answer`. */
  publish(common: unknown): Promise<string | undefined>;
  /** The size of chunks of a batch: `proposed`, or what an earlier start of the run chose. */
  cut(batch: readonly unknown[], proposed: number): Promise<number>;
  /** Throws `WorkerLost` when its worker ended, `Cancelled`, and `ClusterUnreachable` when no worker came. */
  answer(chunk: Chunk, common: string | undefined, signal?: AbortSignal): Promise<Reply>;
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
  readonly oracle: string;
  readonly askedAt: number;
  readonly askers: Set<Asker>;
  /** The last job under which it was handed out. */
  job: string;
  hedges: number;
  /** When a worker was first seen at its last job. */
  activeSince: number | undefined;
}

export async function openExchange(options: ExchangeOptions): Promise<Exchange> {
  const { url, fingerprint, patience, onNote, slow } = options;
  const { bullmq } = await clusterLibraries();
  const build = buildOf(fingerprint);
  const name = queueName(build);
  const scope = `${name}:${options.run}`;
  const session = randomUUID();
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
      if (bytes && one) finish(one, ({ settle }) => settle(decode(bytes) as Reply));
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
    // After a second helping the first one's loss no longer counts.
    const one = named(jobId);
    if (one?.job === jobId) lose(one, failedReason);
  });
  const lose = (one: Waiting, reason: string): void =>
    finish(one, ({ fail }) => fail(new WorkerLost(reason)));

  async function handOut(one: Waiting): Promise<void> {
    one.job = `${session}~${one.data.digest}~${serial++}`;
    one.activeSince = undefined;
    await queue.add(one.oracle, one.data, { jobId: one.job });
  }

  /** Asks again what was lost, and asks a second worker for what takes too long. */
  async function lookAfter(): Promise<void> {
    await collect([...waiting.keys()]);
    const now = performance.now();
    const late = [...waiting.values()]
      .filter(({ askedAt }) => now - askedAt > 2 * LOOK_EVERY)
      .slice(0, LOOKED_AFTER);
    const states = await Promise.all(late.map(({ job }) => queue.getJobState(job)));
    const missing: Waiting[] = [];
    for (const [i, one] of late.entries()) {
      const state = states[i];
      if (state === "active") {
        one.activeSince ??= now;
        if (one.hedges < MAX_HEDGES && now - one.activeSince > slow(one.oracle) * 2 ** one.hedges) {
          one.hedges++;
          await handOut(one);
        }
      } else if (state === "failed") lose(one, "it stopped renewing its lock");
      else if (state === "unknown") missing.push(one);
    }
    // A job that is gone was either answered a moment ago or lost with a restart of Redis.
    await collect(missing.map(({ data }) => data.digest));
    for (const one of missing) if (waiting.get(one.data.digest) === one) await handOut(one);
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

  async function cancel({ data, job }: Waiting): Promise<void> {
    await redis.publish(CANCEL_CHANNEL, JSON.stringify({ session, digest: data.digest }));
    await queue.remove(job);
  }

  return {
    threads: () => threads,
    async publish(common) {
      if (common === undefined) return undefined;
      const bytes = encode(common);
      const digest = digestOf(bytes);
      if (!published.has(digest)) {
        await redis.set(commonKey(scope, digest), Buffer.from(bytes.buffer), "EX", KEPT_SECONDS);
        if (published.size > 1000) published.clear();
        published.add(digest);
      }
      return digest;
    },
    async cut(batch, proposed) {
      const key = cutKey(scope, digestOf(encode(batch)));
      const earlier = await redis.set(key, String(proposed), "EX", KEPT_SECONDS, "NX", "GET");
      return earlier === null ? proposed : Number(earlier);
    },
    async answer({ common: _, ...chunk }, common, signal) {
      if (signal?.aborted) throw new Cancelled();
      const bytes = encode(chunk);
      const digest = digestOf(bytes, common ?? "");
      let one = waiting.get(digest);
      if (one === undefined) {
        const data: JobData = {
          scope,
          session,
          digest,
          chunk: Buffer.from(bytes.buffer).toString("base64"),
          ...(common === undefined ? {} : { common }),
        };
        one = {
          data,
          oracle: chunk.oracle,
          askedAt: performance.now(),
          askers: new Set(),
          job: "",
          hedges: 0,
          activeSince: undefined,
        };
        waiting.set(digest, one);
        const fresh = one;
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
      await withdraw(redis, session, "driver").catch(() => undefined);
      await events.close();
      await queue.close();
      blocking.disconnect();
      redis.disconnect();
    },
  };
}
