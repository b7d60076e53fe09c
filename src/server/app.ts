/** The HTTP application: security first, then the API, then the studio's files. */
import { Hono } from "hono";
import { bodyLimit } from "hono/body-limit";
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
    if (
      c.req.method === "POST" &&
      hasBody(c.req.raw) &&
      !/^application\/json\b/.test(c.req.header("content-type") ?? "")
    )
      throw new Problem(415, "NOT_JSON", "send application/json");
    await next();
  });
  app.use(
    "/api/*",
    bodyLimit({
      maxSize: parts.maximumBody,
      onError: () => {
        throw new Problem(413, "TOO_LARGE", `the body is larger than ${parts.maximumBody} bytes`);
      },
    }),
  );

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

const hasBody = (request: Request): boolean =>
  request.headers.has("transfer-encoding") || Number(request.headers.get("content-length") ?? 0) > 0;

function withHeaders(response: Response): Response {
  for (const [name, value] of Object.entries(SECURITY_HEADERS)) response.headers.set(name, value);
  return response;
}
