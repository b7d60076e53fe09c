/** Connections to Redis; `bullmq` and `ioredis` are loaded when a cluster is first used. */
import type { Redis } from "ioredis";
import { FpxError, InvalidInput, MissingDependency } from "../core/index.ts";

export type { Redis } from "ioredis";

/** The Redis server of a cluster cannot be reached, or refuses. */
export class ClusterUnreachable extends FpxError {
  constructor(message: string, options?: ErrorOptions) {
    super("CLUSTER_UNREACHABLE", message, options);
  }
}

/** The two libraries of a cluster; throws `MissingDependency` with the command that installs them. */
export async function clusterLibraries(): Promise<{
  readonly bullmq: typeof import("bullmq");
  readonly Redis: typeof import("ioredis").Redis;
}> {
  try {
    const [bullmq, { Redis }] = await Promise.all([import("bullmq"), import("ioredis")]);
    return { bullmq, Redis };
  } catch (cause) {
    throw new MissingDependency("bullmq", "a cluster", "npm install bullmq ioredis", { cause });
  }
}

/** Checks the address; throws `InvalidInput` unless it is `redis://` or, for TLS, `rediss://`. */
export function checkRedisUrl(url: string): URL {
  const parsed = URL.canParse(url) ? new URL(url) : undefined;
  if (parsed === undefined || !["redis:", "rediss:"].includes(parsed.protocol) || parsed.hostname === "")
    throw new InvalidInput(
      `cluster "${withoutSecret(url)}" is no address: give redis://[user:password@]host[:port], or rediss:// for TLS`,
    );
  return parsed;
}

const withoutSecret = (url: string): string => url.replace(/\/\/[^@/]*@/, "//");

/**
 * Connects. Throws `ClusterUnreachable` when the first attempt fails; a connection lost later comes back by itself,
 * and what was said meanwhile is said then.
 */
export async function connect(url: string): Promise<Redis> {
  const { host } = checkRedisUrl(url);
  const { Redis } = await clusterLibraries();
  let reached = false;
  const redis = new Redis(url, {
    lazyConnect: true,
    maxRetriesPerRequest: null,
    connectTimeout: 10_000,
    keepAlive: 1000,
    retryStrategy: (attempt) => (reached ? Math.min(1000, 50 * attempt) : null),
  });
  let refusal: unknown;
  redis.on("error", (error) => {
    refusal = error;
  });
  try {
    await redis.connect();
    await redis.ping();
    reached = true;
    return redis;
  } catch (error) {
    redis.disconnect();
    const reason = (refusal ?? error) as Error & { readonly code?: string };
    const why = reason.message || reason.code;
    const advice = /certificate|CERT/.test(`${reason.code} ${why}`)
      ? "name the file of the authority that signed it in NODE_EXTRA_CA_CERTS"
      : "check --cluster (rediss:// when the server speaks TLS), the password, and that redis-server runs there";
    throw new ClusterUnreachable(`cannot use Redis at ${host}: ${why}; ${advice}`, { cause: reason });
  }
}
