/** The HTTP application: security first, then the API, then the studio's files. */
import { Hono } from "hono";
import { HTTPException } from "hono/http-exception";
import { openAPIRouteHandler } from "hono-openapi";
import type { Store } from "../store/index.ts";
import type { Assets } from "./assets.ts";
import type { Desk, Drafter } from "./desk.ts";
import { addEditRoutes } from "./edit-routes.ts";
import { asProblem, Problem, problemResponse } from "./problem.ts";
import { type Env, routesOf } from "./routes.ts";
import { addRecordRoutes, addRunEvents, addRunRoutes, type ResumeRun } from "./run-routes.ts";
import * as schemas from "./schemas.ts";
import { authenticate, checkOrigin, type RateLimit, RateLimiter, SECURITY_HEADERS } from "./security.ts";

/** What the application is made of. */
export interface AppParts {
  readonly store: Store;
  readonly desk: Desk;
  readonly drafters: Readonly<Record<string, Drafter>>;
  /** The bandit that chooses among the drafters. */
  readonly bandit: string | null;
  /** Requests without a token are the owner's. */
  readonly open: boolean;
  readonly origin: string | undefined;
  readonly rateLimit: RateLimit;
  readonly maximumBody: number;
  readonly assets: Assets | undefined;
  readonly resume: ResumeRun | undefined;
  readonly version: string;
  readonly closing: AbortSignal;
  /** Hears of errors that are the server's own. */
  onError(error: unknown): void;
  /** The address that a request came from. */
  addressOf(env: unknown): string;
}

/** Failed attempts to name a token. */
const ATTEMPTS: RateLimit = { perSecond: 1, burst: 20 };

export function createApp(parts: AppParts): Hono<Env> {
  const { store, desk, drafters, open, closing } = parts;
  const app = new Hono<Env>();
  const limiter = new RateLimiter(parts.rateLimit);
  const attempts = new RateLimiter(ATTEMPTS);

  app.onError((error) => {
    const problem =
      error instanceof HTTPException
        ? new Problem(
            error.status,
            "MALFORMED",
            error.status === 400 ? "the body is not JSON" : "the request is malformed",
          )
        : asProblem(error);
    if (problem.status >= 500) parts.onError(error);
    return withHeaders(problemResponse(problem));
  });
  app.notFound((c) => {
    const page = c.req.method === "GET" ? parts.assets?.(c.req.raw) : undefined;
    return withHeaders(
      page ?? problemResponse(new Problem(404, "NOT_FOUND", "there is nothing here: see /openapi.json")),
    );
  });

  app.use(async (c, next) => {
    checkOrigin(c.req.raw, open, parts.origin);
    await next();
    withHeaders(c.res);
    if (c.req.path.startsWith("/api/")) c.res.headers.set("cache-control", "no-store");
  });
  app.get("/healthz", (c) =>
    c.json({ status: closing.aborted ? "closing" : "ok" }, closing.aborted ? 503 : 200),
  );
  app.use("/api/*", async (c, next) => {
    const address = parts.addressOf(c.env);
    limiter.take(address);
    const header = c.req.header("authorization") ?? null;
    try {
      c.set("caller", await authenticate(store, header, open));
    } catch (error) {
      if (header !== null) attempts.take(address);
      throw error;
    }
    if (closing.aborted)
      throw new Problem(503, "CLOSING", "the server is closing", { headers: { "retry-after": "5" } });
    checkBody(c.req.raw.headers, parts.maximumBody);
    await next();
  });
  const route = routesOf(app);
  addEditRoutes(route, store, desk, drafters);
  addRunRoutes(route, store, parts.resume);
  addRunEvents(app, store, closing);
  addRecordRoutes(route, store, drafters, parts.bandit);
  route({
    method: "get",
    path: "/api/me",
    summary: "Who asks, and what for",
    scope: "read",
    answer: schemas.me,
    handle: async ({ caller: { name, scopes } }) => ({ name, scopes: [...scopes], version: parts.version }),
  });
  app.get(
    "/openapi.json",
    openAPIRouteHandler(app, {
      documentation: {
        openapi: "3.1.0",
        info: { title: "fpx", version: parts.version, description: "Drafts, edits, bandits and runs." },
        components: { securitySchemes: { bearer: { type: "http", scheme: "bearer" } } },
      },
    }),
  );
  return app;
}

/** Node holds a body to the length that it names, so the length is all there is to check. */
function checkBody(headers: Headers, maximum: number): void {
  if (headers.has("transfer-encoding"))
    throw new Problem(411, "NO_LENGTH", "send Content-Length: bodies of unknown length are not read");
  const length = Number(headers.get("content-length") ?? 0);
  if (length > maximum) throw new Problem(413, "TOO_LARGE", `the body is larger than ${maximum} bytes`);
  if (length > 0 && !/^application\/json\b/.test(headers.get("content-type") ?? ""))
    throw new Problem(415, "NOT_JSON", "send application/json");
}

function withHeaders(response: Response): Response {
  for (const [name, value] of Object.entries(SECURITY_HEADERS)) response.headers.set(name, value);
  return response;
}
