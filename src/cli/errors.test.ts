import { CommanderError } from "commander";
import { describe, expect, it } from "vitest";
import { Cancelled, InvalidInput, MissingDependency } from "../core/errors.ts";
import { explain, fileError, isBrokenPipe, reportError, UsageError } from "./errors.ts";

const system = (code: string, path?: string): Error =>
  Object.assign(new Error(`${code}: raw text, open`), {
    code,
    syscall: "open",
    ...(path === undefined ? {} : { path }),
  });

describe("explain", () => {
  it.each<[string, unknown, string, number]>([
    ["UsageError", new UsageError("bad --seed"), "USAGE", 2],
    ["CommanderError", new CommanderError(1, "commander.x", "error: unknown option"), "USAGE", 2],
    ["InvalidInput", new InvalidInput("bad record"), "INVALID_INPUT", 1],
    ["InvalidInput with a code", new InvalidInput("locked", { code: "LOCKED" }), "LOCKED", 1],
    ["MissingDependency", new MissingDependency("x", "training", "npm i x"), "MISSING_DEPENDENCY", 1],
    ["Cancelled", new Cancelled(), "CANCELLED", 130],
    ["system error", system("ENOENT", "a.jsonl"), "ENOENT", 1],
    ["bug", new TypeError("x is undefined"), "INTERNAL", 1],
    ["thrown text", "boom", "INTERNAL", 1],
  ])("%s has a code and an exit code", (_, error, code, exitCode) => {
    expect(explain(error)).toMatchObject({ code, exitCode });
  });

  it.each(["ENOENT", "EACCES", "ENOSPC", "EROFS", "EISDIR", "EPIPE", "ENOTDIR", "EEXIST"])(
    "says %s in plain words after the path",
    (code) => {
      const { message } = explain(system(code, "out/file"));
      expect(message).toMatch(/^out\/file: /);
      expect(message).not.toContain(code);
      expect(explain(fileError("given", system(code, "other"))).message).toMatch(/^given: /);
    },
  );

  it("keeps to one line", () => {
    expect(explain(new InvalidInput("first\n  second\r\nthird")).message).toBe("first second third");
  });

  it("leaves what is no system error alone", () => {
    const error = new TypeError("x");
    const ours = new InvalidInput("out is a file", { code: "ENOTDIR" });
    expect([fileError("p", error), fileError("p", ours)]).toEqual([error, ours]);
    expect(isBrokenPipe(system("EPIPE"))).toBe(true);
    expect(isBrokenPipe(error)).toBe(false);
  });
});

describe("reportError", () => {
  const report = (
    error: unknown,
    options: { json?: boolean; debug?: boolean } = {},
  ): { text: string; code: number } => {
    let text = "";
    const stderr = { write: (more: string) => (text += more) !== "" };
    const code = reportError(error, { stderr, json: options.json ?? false, debug: options.debug ?? false });
    return { text, code };
  };

  it("writes one line without a stack", () => {
    expect(report(new InvalidInput("log.jsonl is empty; name another"))).toEqual({
      text: "fpx: log.jsonl is empty; name another\n",
      code: 1,
    });
  });

  it("writes one JSON object", () => {
    expect(JSON.parse(report(new UsageError("bad"), { json: true }).text)).toEqual({
      error: { code: "USAGE", message: "bad" },
    });
  });

  it("shows the stack and the cause when debugging", () => {
    const error = new InvalidInput("outer", { cause: new TypeError("inner") });
    const { text } = report(error, { debug: true });
    expect(text).toMatch(/^fpx: outer\nInvalidInput: outer\n\s+at /);
    expect(text).toMatch(/\ncaused by TypeError: inner\n\s+at /);
    expect(JSON.parse(report(error, { debug: true, json: true }).text).error.stack).toContain("errors.test");
  });
});
