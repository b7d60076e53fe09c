/** Who may ask what: hosts, origins, tokens, how often; and what every answer tells the browser. */
import { findToken, type Scope, type Store } from "../store/index.ts";
import { Problem } from "./problem.ts";

/** Who asks. */
export interface Caller {
  readonly name: string;
  readonly scopes: readonly Scope[];
}

/** Headers of every answer: nothing is loaded from elsewhere, nothing is framed, nothing is guessed. */
export const SECURITY_HEADERS: Readonly<Record<string, string>> = {
  "content-security-policy":
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
  "cross-origin-opener-policy": "same-origin",
  "cross-origin-resource-policy": "same-origin",
  "permissions-policy": "camera=(), microphone=(), geolocation=()",
  "referrer-policy": "no-referrer",
  "x-content-type-options": "nosniff",
  "x-frame-options": "DENY",
};

const LOOPBACK = new Set(["localhost", "127.0.0.1", "[::1]"]);

/** Whether an address that a server listens on is reached from its own machine only. */
export function isLoopback(host: string): boolean {
  return LOOPBACK.has(host) || host === "::1";
}

/**
 * Refuses pages of other origins. Without tokens, a name that merely resolves to this machine is refused too: a page
 * from elsewhere could have rebound it.
 */
export function checkOrigin(request: Request, open: boolean, known: string | undefined): void {
  const url = new URL(request.url);
  const host = request.headers.get("host") ?? "";
  if (open && !LOOPBACK.has(host.replace(/:\d+$/, "")))
    throw new Problem(403, "WRONG_HOST", "ask this server by localhost or 127.0.0.1");
  const origin = request.headers.get("origin");
  const site = request.headers.get("sec-fetch-site");
  const foreign =
    (origin !== null && origin !== `${url.protocol}//${host}` && origin !== known) ||
    (site !== null && site !== "same-origin" && site !== "none");
  if (foreign && !(request.method === "GET" && origin === null && !url.pathname.startsWith("/api/")))
    throw new Problem(403, "CROSS_ORIGIN", "pages of other origins may not use this server");
}

/** The caller of a request. `open` servers take those without a token for their owner. */
export async function authenticate(store: Store, header: string | null, open: boolean): Promise<Caller> {
  if (header === null) {
    if (open) return { name: "local", scopes: ["admin"] };
    throw new Problem(
      401,
      "NO_TOKEN",
      "give a token: Authorization: Bearer fpx_...; fpx token create makes one",
      {
        headers: { "www-authenticate": "Bearer" },
      },
    );
  }
  const secret = /^Bearer ([\w-]{10,200})$/.exec(header)?.[1];
  const token = secret === undefined ? undefined : await findToken(store, secret);
  if (token === undefined)
    throw new Problem(401, "BAD_TOKEN", "the token is unknown or revoked: fpx token create makes one", {
      headers: { "www-authenticate": 'Bearer error="invalid_token"' },
    });
  return token;
}

/** Throws a 403 problem unless the caller has the scope. */
export function authorize({ scopes }: Caller, scope: Scope): void {
  if (!scopes.includes(scope) && !scopes.includes("admin"))
    throw new Problem(403, "WRONG_SCOPE", `the token lacks the scope ${scope}`);
}

/** Requests a second and at once, by caller. */
export interface RateLimit {
  readonly perSecond: number;
  readonly burst: number;
}

/** A bucket of tokens for each caller. */
export class RateLimiter {
  readonly #limit: RateLimit;
  readonly #buckets = new Map<string, { left: number; at: number }>();

  constructor(limit: RateLimit) {
    this.#limit = limit;
  }

  /** Throws a 429 problem when a caller asks too often. */
  take(caller: string, now: number = performance.now()): void {
    const { perSecond, burst } = this.#limit;
    let bucket = this.#buckets.get(caller);
    if (bucket === undefined) {
      if (this.#buckets.size >= 10_000) this.#forget(now);
      this.#buckets.set(caller, (bucket = { left: burst, at: now }));
    }
    bucket.left = Math.min(burst, bucket.left + ((now - bucket.at) / 1000) * perSecond);
    bucket.at = now;
    if (bucket.left < 1)
      throw new Problem(429, "TOO_MANY_REQUESTS", "too many requests: wait a little", {
        headers: { "retry-after": String(Math.max(1, Math.ceil((1 - bucket.left) / perSecond))) },
      });
    bucket.left--;
  }

  /** Full buckets say nothing. When none is full, all are forgotten: memory is bounded. */
  #forget(now: number): void {
    const { perSecond, burst } = this.#limit;
    for (const [caller, { left, at }] of this.#buckets)
      if (left + ((now - at) / 1000) * perSecond >= burst) this.#buckets.delete(caller);
    if (this.#buckets.size >= 10_000) this.#buckets.clear();
  }
}
