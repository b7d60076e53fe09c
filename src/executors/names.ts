/** What a cluster's driver and workers call things in Redis, and what they say of themselves. */
import { createHash } from "node:crypto";
import { moduleDigest } from "./module-digest.ts";
import type { Redis } from "./redis.ts";
import { fpxVersion, type ProblemSource } from "./source.ts";

/** Seconds that answers, common parts and the cuts of batches are kept. */
export const KEPT_SECONDS = 86_400;
/** Seconds that answers are kept when their batch is whole: a run under a name may be killed and resumed before it. */
export const SETTLED_SECONDS = { named: 3600, nameless: 60 };
/** Seconds that a queue is kept when no driver uses it. */
const QUEUE_SECONDS = 7 * 86_400;
/** Before the names of all keys of the queues. */
export const QUEUE_PREFIX = "fpx:queue";
const HEARTBEAT_SECONDS = 10;
export const HEARTBEAT_MS = 3000;

/** What must be equal for a worker's answers to have the driver's bits. */
export interface Build {
  readonly fpx: string;
  readonly v8: string;
  readonly architecture: string;
  /** Digest of the module that holds the problem. */
  readonly module: string;
  /** `problem.fingerprint`. */
  readonly problem: string;
}

export const buildOf = ({ module, fingerprint }: Pick<ProblemSource, "module" | "fingerprint">): Build => ({
  fpx: fpxVersion(),
  v8: process.versions.v8,
  architecture: process.arch,
  module: moduleDigest(module),
  problem: fingerprint,
});

export const digestOf = (...parts: readonly (string | Uint8Array)[]): string => {
  const hash = createHash("sha256");
  for (const part of parts) hash.update(part).update("\0");
  return hash.digest("base64url").slice(0, 32);
};

/** Workers of another version or problem listen to another queue, and so never answer. */
export const queueName = ({ fpx, v8, architecture, module, problem }: Build): string =>
  `fpx-${digestOf(fpx, v8, architecture, module, problem)}`;

/** What of a queue would stay for ever; its other keys are locks that expire by themselves, and soon. */
const LASTING = [
  ...["wait", "active", "delayed", "prioritized", "completed", "failed", "stalled"],
  ...["events", "meta", "id", "pc", "marker"],
];

/** Lets what belongs to a queue expire unless a driver goes on using it. */
export function keepQueue(
  redis: Redis,
  { keys }: { readonly keys: Readonly<Record<string, string>> },
): Promise<unknown> {
  const batch = redis.pipeline();
  for (const name of LASTING) batch.expire(keys[name]!, QUEUE_SECONDS);
  return batch.exec();
}

/** What a job carries: where its answer goes and what to answer. */
export interface JobData {
  /** Of the build and the run: whose answers may be shared. */
  readonly scope: string;
  /** This driver process; failures are told to it alone. */
  readonly session: string;
  /** Of the chunk, its common part included. */
  readonly digest: string;
  /** The chunk without its common part, encoded, as base64. */
  readonly chunk: string;
  /** Digest of the common part. */
  readonly common?: string;
}

export const answerKey = (scope: string, digest: string): string => `fpx:answer:${scope}:${digest}`;
/** A failure counts for one driver process: after the cause is mended, a resumed run asks again. */
export const failureKey = (session: string, digest: string): string => `fpx:failure:${session}:${digest}`;
export const commonKey = (scope: string, digest: string): string => `fpx:common:${scope}:${digest}`;
export const cutKey = (scope: string, digest: string): string => `fpx:cut:${scope}:${digest}`;
/** Jobs that are to be ended, as session and digest. */
export const CANCEL_CHANNEL = "fpx:cancel";

/** A worker process or a driver, as it shows itself to others. */
export interface Member extends Build {
  readonly role: "worker" | "driver";
  readonly host: string;
  readonly pid: number;
  /** Questions that it answers at once. */
  readonly threads: number;
}

export const memberKey = (role: Member["role"], id: string): string => `fpx:${role}:${id}`;
/** Ids of all members of a role, some of them silent. */
const roleKey = (role: Member["role"]): string => `fpx:${role}s`;

/** Shows a member to others, until it has been silent for ten seconds. */
export const announce = (redis: Redis, id: string, member: Member): Promise<unknown> =>
  redis
    .pipeline()
    .sadd(roleKey(member.role), id)
    .expire(roleKey(member.role), KEPT_SECONDS)
    .set(memberKey(member.role, id), JSON.stringify(member), "EX", HEARTBEAT_SECONDS)
    .exec();

export const withdraw = (redis: Redis, id: string, role: Member["role"]): Promise<unknown> =>
  redis.pipeline().srem(roleKey(role), id).del(memberKey(role, id)).exec();

/** All members that were heard of in the last ten seconds. */
export async function membersOf(redis: Redis, role: Member["role"]): Promise<readonly Member[]> {
  const ids = await redis.smembers(roleKey(role));
  if (ids.length === 0) return [];
  const texts = await redis.mget(ids.map((id) => memberKey(role, id)));
  const silent = ids.filter((_, i) => texts[i] === null);
  if (silent.length > 0) await redis.srem(roleKey(role), silent);
  return texts.flatMap((text) => (text === null ? [] : [JSON.parse(text!) as Member]));
}

/** In what way a member differs from a build, for people; `undefined` when it does not. */
export function difference(member: Build, build: Build): string | undefined {
  const parts: string[] = [];
  for (const [key, name] of [
    ["fpx", "fpx"],
    ["v8", "V8"],
    ["architecture", "architecture"],
    ["problem", "problem"],
  ] as const)
    if (member[key] !== build[key]) parts.push(`${name} ${member[key]}, not ${build[key]}`);
  // Digests say nothing to people; with another problem the module is another one anyway.
  if (member.module !== build.module && member.problem === build.problem)
    parts.push("other text of the problem's module or of what it imports");
  return parts.length === 0 ? undefined : parts.join("; ");
}
