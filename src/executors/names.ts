/** What a cluster's driver and workers call things in Redis, and what they say of themselves. */
import { createHash } from "node:crypto";
import type { Redis } from "./redis.ts";
import { fpxVersion } from "./source.ts";

/** Seconds that answers, common parts and the cuts of batches are kept. */
export const KEPT_SECONDS = 86_400;
/** Before the names of all keys of the queues. */
export const QUEUE_PREFIX = "fpx:queue";
const HEARTBEAT_SECONDS = 10;
export const HEARTBEAT_MS = 3000;

/** What must be equal for a worker's answers to have the driver's bits. */
export interface Build {
  readonly fpx: string;
  readonly v8: string;
  readonly architecture: string;
  /** `problem.fingerprint`. */
  readonly problem: string;
}

export const buildOf = (fingerprint: string): Build => ({
  fpx: fpxVersion(),
  v8: process.versions.v8,
  architecture: process.arch,
  problem: fingerprint,
});

export const digestOf = (...parts: readonly (string | Uint8Array)[]): string => {
  const hash = createHash("sha256");
  for (const part of parts) hash.update(part).update("\0");
  return hash.digest("base64url").slice(0, 32);
};

/** Workers of another version or problem listen to another queue, and so never answer. */
export const queueName = ({ fpx, v8, architecture, problem }: Build): string =>
  `fpx-${digestOf(fpx, v8, architecture, problem)}`;

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

const memberKey = (role: Member["role"], id: string): string => `fpx:${role}:${id}`;

/** Shows a member to others, until it has been silent for ten seconds. */
export const announce = (redis: Redis, id: string, member: Member): Promise<unknown> =>
  redis.set(memberKey(member.role, id), JSON.stringify(member), "EX", HEARTBEAT_SECONDS);

export const withdraw = (redis: Redis, id: string, role: Member["role"]): Promise<unknown> =>
  redis.del(memberKey(role, id));

export async function membersOf(redis: Redis, role: Member["role"]): Promise<readonly Member[]> {
  const found: Member[] = [];
  for await (const keys of redis.scanStream({ match: memberKey(role, "*"), count: 1000 }) as AsyncIterable<
    string[]
  >) {
    if (keys.length === 0) continue;
    for (const text of await redis.mget(keys)) if (text !== null) found.push(JSON.parse(text) as Member);
  }
  return found;
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
  return parts.length === 0 ? undefined : parts.join("; ");
}
