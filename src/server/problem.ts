/** Errors of the HTTP API as problem details (RFC 9457): what is wrong and what to do, never what was sent. */
import type { z } from "zod";
import { FpxError } from "../core/errors.ts";

/** An answer that is an error. */
export class Problem extends Error {
  readonly status: number;
  readonly code: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly fields: readonly FieldProblem[];

  constructor(
    status: number,
    code: string,
    message: string,
    more: {
      readonly headers?: Readonly<Record<string, string>>;
      readonly fields?: readonly FieldProblem[];
      readonly cause?: unknown;
    } = {},
  ) {
    super(message, { cause: more.cause });
    this.status = status;
    this.code = code;
    this.headers = more.headers ?? {};
    this.fields = more.fields ?? [];
  }
}

/** What is wrong with a field of a request. */
export interface FieldProblem {
  /** JSON pointer. */
  readonly field: string;
  readonly problem: string;
}

/** The answer for an error. What is not the caller's fault is not told. */
export function problemResponse(error: unknown): Response {
  const problem = asProblem(error);
  const { status, code, message, fields, headers } = problem;
  const body = {
    type: "about:blank",
    title: message,
    status,
    code,
    ...(fields.length > 0 ? { fields } : {}),
  };
  return new Response(JSON.stringify(body), {
    status,
    headers: { "content-type": "application/problem+json", ...headers },
  });
}

export function asProblem(error: unknown): Problem {
  if (error instanceof Problem) return error;
  if (error instanceof FpxError) {
    const status = STATUS[error.code];
    if (status !== undefined) return new Problem(status, error.code, error.message, { cause: error });
    if (error.code === "INVALID_INPUT")
      return new Problem(400, error.code, "the request does not fit the API: see /openapi.json", {
        cause: error,
      });
  }
  return new Problem(500, "INTERNAL", "the server failed; its log says more", { cause: error });
}

/** Errors of the store whose messages hold ids and names of the server alone. */
const STATUS: Readonly<Record<string, number>> = {
  RUN_ACTIVE: 409,
  BANDIT_ARMS: 409,
  UNKNOWN_TICKET: 404,
  CANCELLED: 503,
};

/** The problem of a request that does not fit its schema: places and rules, no values and no names of unknown fields. */
export function invalidRequest(issues: readonly z.core.$ZodIssue[]): Problem {
  const fields = issues.slice(0, 20).map((issue) => ({
    field: `/${issue.path.map(String).join("/")}`,
    problem: issue.code === "unrecognized_keys" ? "has fields that are not known here" : issue.message,
  }));
  return new Problem(
    400,
    "INVALID_REQUEST",
    "the request does not fit the API: see fields, and /openapi.json",
    {
      fields,
    },
  );
}
