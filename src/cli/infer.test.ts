import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { InvalidInput } from "../core/index.ts";
import { createRng } from "../random/index.ts";
import { commands } from "./commands.ts";
import { csvRows, jsonRows } from "./infer-rows.ts";
import { runProgram } from "./program.ts";

const folder = mkdtempSync(join(tmpdir(), "fpx-infer-"));
afterAll(() => rmSync(folder, { recursive: true }));

function write(name: string, text: string): string {
  const path = join(folder, name);
  writeFileSync(path, text);
  return path;
}

const fpx = (...args: string[]) => call(args);

/** With `interruptAt`, Ctrl-C comes when the output matches it for the first time. */
async function call(args: readonly string[], interruptAt?: RegExp) {
  const texts = { out: "", err: "" };
  const stream = (key: "out" | "err") => ({
    isTTY: false,
    write: (text: string, done?: (error?: Error | null) => void) => {
      texts[key] += text;
      if (key === "out" && interruptAt?.test(texts.out)) interrupt?.();
      done?.();
      return true;
    },
  });
  let interrupt: (() => void) | undefined;
  const signals = {
    on: (name: string, listener: () => void) => {
      if (name === "SIGINT") interrupt = listener;
    },
    off: () => undefined,
    exit: () => undefined,
  };
  const host = { stdout: stream("out"), stderr: stream("err"), env: process.env, signals };
  const code = await runProgram(args, host as never, commands);
  return { code, ...texts };
}

const z = createRng(4).stream("rows").normals(9000);
const rows = Array.from({ length: 3000 }, (_, i) => {
  const [a, b, e] = [z[3 * i]!, 100 + 10 * z[3 * i + 1]!, z[3 * i + 2]!];
  return { a, b, y: 3 + 2 * a - 0.1 * b + 0.1 * e };
});
const csv = ["a,b,y", ...rows.map(({ a, b, y }) => `${a},${b},${y}`)];

describe("fpx infer", () => {
  it("finds the same coefficients in CSV and JSONL", async () => {
    const fromCsv = await fpx("infer", "--data", write("a.csv", csv.join("\r\n")), "--json");
    const lines = rows.map((row) => JSON.stringify(row)).join("\n");
    const fromJson = await fpx("infer", "--data", write("a.jsonl", lines), "--json");
    expect(fromCsv.err).toBe("");
    expect(fromJson.out).toBe(fromCsv.out);
    const { parameters } = JSON.parse(fromCsv.out) as { parameters: { name: string; estimate: number }[] };
    expect(parameters.map(({ name }) => name)).toEqual(["(intercept)", "a", "b"]);
    expect(Math.abs(parameters[1]!.estimate - 2)).toBeLessThan(0.05);
    expect(Math.abs(parameters[2]!.estimate + 0.1)).toBeLessThan(0.05);
  });

  it("follows by confidence sequences", async () => {
    const path = write("f.csv", csv.join("\n"));
    const { code, out } = await fpx(
      "infer",
      "--data",
      path,
      "--follow",
      "--every",
      "1000",
      "--features",
      "a",
    );
    expect(code).toBe(0);
    expect(out).toMatch(/^1000 rows: .*\n2000 rows: .*\n3000 rows: /);
  });

  it.each([
    ["a NaN cell", (c: string[]) => (c[1500] = "1,NaN,2"), /:1501: column b is NaN/],
    ["an empty cell", (c: string[]) => (c[7] = "1,,2"), /:8: column b is empty/],
    ["a text cell", (c: string[]) => (c[20] = "1,red,2"), /:21: column b is the text "red".*categorical/],
    ["a short row", (c: string[]) => (c[9] = "1,2"), /:10: 2 cells, but the header has 3/],
  ])("names the row of %s", async (_, spoil, message) => {
    const spoilt = [...csv];
    spoil(spoilt);
    const { code, err } = await fpx("infer", "--data", write("bad.csv", spoilt.join("\n")));
    expect(code).toBe(1);
    expect(err).toMatch(message);
  });

  it("names a missing column and a constant one", async () => {
    const missing = await fpx("infer", "--data", write("m.csv", csv.join("\n")), "--response", "cost");
    expect(missing.err).toMatch(/no column cost; the columns are a, b, y/);
    for (const value of ["0", "7"]) {
      const flat = csv.map((line, i) => `${i === 0 ? "flat" : value},${line}`).join("\n");
      const { code, err } = await fpx("infer", "--data", write("c.csv", flat));
      expect(code).toBe(1);
      expect(err).toMatch(new RegExp(`column flat is ${value} in every row`));
    }
  });
});

describe("fpx infer --state", () => {
  const run = (path: string, state: string, ...more: string[]) =>
    fpx("infer", "--data", path, "--state", state, "--follow", "--json", ...more);
  const last = (out: string) => out.trim().split("\n").at(-1);

  it("goes on with a file that has grown, to the bits of one run over the whole", async () => {
    const state = join(folder, "grown.json");
    const begun = write("grown.csv", csv.slice(0, 2001).join("\n"));
    expect((await run(begun, state, "--features", "a")).code).toBe(0);
    const path = write("grown.csv", csv.join("\n"));
    const rest = await run(path, state);
    const whole = await fpx("infer", "--data", path, "--follow", "--json", "--features", "a");
    expect(rest.err).toBe("");
    expect(last(rest.out)).toBe(last(whole.out));
    const short = await run(write("short.csv", csv.slice(0, 2001).join("\n")), state);
    expect(short.err).toMatch(/ends 1000 rows before/);
  });

  it("keeps what an interrupted run has taken", async () => {
    const path = write("stop.csv", csv.join("\n"));
    const state = join(folder, "stop.json");
    const args = ["infer", "--data", path, "--state", state, "--follow", "--every", "500", "--json"];
    const stopped = await call(args, /"rows":500/);
    expect(stopped.code).toBe(130);
    expect(stopped.out).not.toContain('"loss"');
    const rest = await call(args);
    expect(rest.out).not.toContain('"rows":500');
    expect(last(rest.out)).toBe(last((await fpx("infer", "--data", path, "--follow", "--json")).out));
  });

  it("prints an interval for a fixed number of rows once", async () => {
    const path = write("once.csv", csv.join("\n"));
    const state = join(folder, "once.json");
    const first = await fpx("infer", "--data", path, "--state", state, "--json");
    expect(first.out).toBe((await fpx("infer", "--data", path, "--json")).out);
    const again = await fpx("infer", "--data", path, "--state", state);
    expect(again.code).toBe(1);
    expect(again.err).toMatch(/printed at 3000 rows.*--follow/);
  });

  it("refuses another model, another file and a watched interval", async () => {
    const path = write("w.csv", csv.join("\n"));
    const state = join(folder, "w.json");
    await run(path, state);
    expect((await run(path, state, "--no-intercept")).err).toMatch(/intercept true, and this one false/);
    expect((await run(path, state, "--features", "a")).err).toMatch(/--features a,b/);
    expect((await run(path, state, "--response", "a", "--features", "a,b")).err).toMatch(/has --response y/);
    expect((await run(path, state, "--queries", "1")).err).toMatch(/has --queries 3/);
    expect((await run(path, state, "--seed", "9")).err).toMatch(/has --seed 1/);
    expect((await run(path, write("no.json", "{}"))).err).toMatch(/no state/);
    const watched = await fpx("infer", "--data", path, "--follow", "--method", "random-scaling");
    expect(watched.code).toBe(2);
    expect(watched.err).toMatch(/must not be watched/);
  });
});

describe("rows", () => {
  it("are the same however the text is cut, with quotes, CRLF and a BOM", () => {
    const text = '\uFEFF"a b",c\r\n1,"2"\r\n"3",4e1\r\n';
    for (let size = 1; size <= text.length; size++) {
      const seen: number[][] = [];
      const parser = csvRows("x.csv", {}, { begin: () => undefined, row: (r) => void seen.push([...r]) });
      for (let i = 0; i < text.length; i += size) parser.write(text.slice(i, i + size));
      parser.end();
      expect(seen).toEqual([
        [1, 2],
        [3, 40],
      ]);
    }
  });

  it("of JSON name the line", () => {
    const parser = jsonRows("x.jsonl", {}, { begin: () => undefined, row: () => undefined });
    expect(() => parser.write('{"a":1,"y":2}\n{"a":1}\n')).toThrow(InvalidInput);
  });
});
