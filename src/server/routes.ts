/** A route is data: one description checks requests, makes the OpenAPI document, and asks for the scope. */
import type { Context, Hono, MiddlewareHandler } from "hono";
import { describeRoute, resolver, validator } from "hono-openapi";
import type { z } from "zod";
import type { Scope } from "../store/index.ts";
import { invalidRequest } from "./problem.ts";
import * as schemas from "./schemas.ts";
import { authorize, type Caller } from "./security.ts";

/** What a handler gets. */
interface Call<B, Q> {
  readonly body: B;
  readonly query: Q;
  /** The variable part of the path. */
  readonly param: string;
  readonly caller: Caller;
  readonly signal: AbortSignal;
}

/** The server's variables of a request. */
export interface Env {
  Variables: { caller: Caller };
}

interface Route<B, Q, R> {
  readonly method: "get" | "post" | "delete";
  readonly path: string;
  readonly summary: string;
  readonly scope: Scope;
  readonly body?: z.ZodType<B>;
  readonly query?: z.ZodType<Q>;
  readonly answer: z.ZodType<R>;
  readonly status?: 200 | 201;
  handle(call: Call<B, Q>): Promise<R>;
}

/** Adds a route to the application. */
export type AddRoute = <B = undefined, Q = undefined, R = unknown>(route: Route<B, Q, R>) => void;

const ERRORS = {
  400: "the request does not fit",
  401: "no token, or an unknown one",
  403: "the token lacks the scope, or the page is of another origin",
  404: "there is none",
  409: "it does not go with what is there, such as a run that works",
  413: "the body is too large",
  429: "too many requests",
  503: "the server is closing or too busy",
};

const problemContent = { "application/problem+json": { schema: resolver(schemas.problem) } };

/** What a route says of itself in the OpenAPI document. */
export function describe(route: {
  readonly summary: string;
  readonly scope: Scope;
  readonly status?: 200 | 201;
  readonly answer?: z.ZodType;
  readonly type?: string;
}): MiddlewareHandler {
  const { summary, scope, status = 200, answer, type = "application/json" } = route;
  const errors = Object.fromEntries(
    Object.entries(ERRORS).map(([code, description]) => [code, { description, content: problemContent }]),
  );
  return describeRoute({
    summary,
    description: `Scope: ${scope}`,
    security: [{ bearer: [] }, {}],
    responses: {
      [status]: {
        description: "done",
        content: { [type]: answer === undefined ? {} : { schema: resolver(answer) } },
      },
      ...errors,
    },
  });
}

/** How routes are added to `app`. */
export function routesOf(app: Hono<Env>): AddRoute {
  return (route) => {
    const { method, path, scope, status = 200 } = route;
    app.on(
      method,
      path,
      describe(route),
      async (c, next) => {
        authorize(c.var.caller, scope);
        await next();
      },
      ...checks(route.body, "json"),
      ...checks(route.query, "query"),
      async (c: Context<Env>) => {
        const answer = await route.handle({
          body: (route.body === undefined ? undefined : c.req.valid("json" as never)) as never,
          query: (route.query === undefined ? undefined : c.req.valid("query" as never)) as never,
          param: Object.values(c.req.param())[0] ?? "",
          caller: c.var.caller,
          get signal() {
            return c.req.raw.signal;
          },
        });
        return c.json(answer as object, status);
      },
    );
  };
}

function checks(schema: z.ZodType | undefined, target: "json" | "query"): MiddlewareHandler<Env>[] {
  if (schema === undefined) return [];
  return [
    validator(target, schema, (result) => {
      if (!result.success) throw invalidRequest(result.error as readonly z.core.$ZodIssue[]);
    }) as MiddlewareHandler,
  ];
}
