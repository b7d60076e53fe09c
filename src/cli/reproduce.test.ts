import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Findings, Reproduction, Row } from "fpx/experiments";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { linePlot } from "../report/index.ts";
import { findRun, listRuns, openStore } from "../store/index.ts";
import { runProgram } from "./program.ts";
import { defineReproduce } from "./reproduce.ts";

let folder: string;
let ran: string[];
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "fpx-reproduce-"));
  ran = [];
});
afterEach(() => rm(folder, { recursive: true, force: true }));

function row(id: string, measured: (seed: number) => number): Row {
  return {
    id,
    title: `rate of ${id}`,
    run: async ({ seed, quick, progress }): Promise<Findings> => {
      ran.push(id);
      progress(1, 1);
      const value = measured(seed);
      if (!Number.isFinite(value)) throw new Error("diverged");
      return {
        claims: [
          {
            id,
            claim: "falls as 1/T",
            published: "-1",
            measured: `${value}`,
            verdict: Math.abs(value + 1) < 0.1 ? "reproduced" : "not",
            seeds: quick ? [seed] : [seed, seed + 1, seed + 2, seed + 9],
          },
        ],
        tables: [{ columns: [{ label: "T" }, { label: "gap" }], rows: [[10, value]] }],
        plots: [
          {
            title: "Gap",
            svg: linePlot({
              title: "Gap",
              x: { label: "T" },
              y: { label: "gap" },
              series: [{ name: id, x: [1, 2], y: [1, 0.5] }],
            }),
          },
        ],
        notes: ["Four sizes only."],
      };
    },
  };
}

const study = (rows: readonly Row[]): Reproduction => ({
  room: "toys",
  title: "Toys",
  source: "A paper, section 5",
  rows,
  problem: { fingerprint: "toys" },
});

async function fpx(rows: readonly Row[], ...args: string[]) {
  let stdout = "";
  let stderr = "";
  const stream = (take: (text: string) => void) => ({
    write(text: string, done?: (error?: Error | null) => void) {
      take(text);
      done?.(null);
      return true;
    },
  });
  const code = await runProgram(
    ["reproduce", ...args, "--out", folder],
    {
      stdout: stream((text) => {
        stdout += text;
      }),
      stderr: stream((text) => {
        stderr += text;
      }),
      env: process.env,
      signals: process,
    },
    [
      {
        name: "reproduce",
        summary: "reproduce",
        load: async () => (command, cli) => defineReproduce(command, cli, { toys: async () => study(rows) }),
      },
    ],
  );
  return { code, stdout, stderr };
}

describe("fpx reproduce", () => {
  const rows = [row("R1", () => -1.02), row("R2", () => -0.4)];

  it("prints the claims with our figures and verdicts, and writes report and plots", async () => {
    const { code, stdout } = await fpx(rows, "toys");
    expect(code).toBe(0);
    expect(stdout).toMatch(/R1\s+reproduced\s+falls as 1\/T\s+published -1; measured -1.02/);
    expect(stdout).toMatch(/R2\s+not/);
    expect((await readdir(folder)).sort()).toEqual([
      "plot-1-gap.svg",
      "plot-2-gap.svg",
      "report.html",
      "report.md",
      "rows",
    ]);
    const markdown = await readFile(join(folder, "report.md"), "utf8");
    expect(markdown).toContain("| R1 | falls as 1/T | -1 | -1.02 | reproduced | 1-3, 10 |");
    expect(markdown).toContain("![Gap](plot-2-gap.svg)");
    expect(markdown).toContain("`fpx reproduce toys --only R2 --seed 1`");
  });

  it("records the run, with the line that goes on with it", async () => {
    const db = join(folder, "fpx.db");
    await fpx(rows, "toys", "--seed", "5", "--db", db);
    const store = await openStore(db);
    const [run] = await listRuns(store);
    expect(run).toMatchObject({ name: "reproduce toys", status: "done", seed: "5", steps: 2 });
    expect(run!.resume?.slice(-3)).toEqual(["--out", folder, "--resume"]);
    expect((await findRun(store, run!.id))?.result).toMatchObject({ claims: [{ id: "R1" }, { id: "R2" }] });
    await store.close();
  });

  it("prints JSON with the shape that other programs rely on", async () => {
    const { stdout } = await fpx(rows, "toys", "--quick", "--json", "--seed", "5");
    const { claims } = JSON.parse(stdout);
    expect(claims[0]).toEqual({
      id: "R1",
      claim: "falls as 1/T",
      published: "-1",
      measured: "-1.02",
      verdict: "reproduced",
      seeds: [5],
      seconds: expect.any(Number),
      room: "toys",
      row: "R1",
    });
  });

  it("runs one row and keeps the others of the same settings", async () => {
    await fpx(rows, "toys");
    ran = [];
    const { stdout } = await fpx(rows, "toys", "--only", "R2", "--json");
    expect(ran).toEqual(["R2"]);
    expect(JSON.parse(stdout).claims.map(({ id }: { id: string }) => id)).toEqual(["R1", "R2"]);
    const other = await fpx(rows, "toys", "--only", "R2", "--json", "--seed", "2");
    expect(JSON.parse(other.stdout).claims.map(({ id }: { id: string }) => id)).toEqual(["R2"]);
  });

  it("goes on after a failure without running finished rows again, but not under another seed", async () => {
    const broken = [rows[0]!, row("R2", () => Number.NaN)];
    const { code, stderr } = await fpx(broken, "toys");
    expect(code).toBe(1);
    expect(stderr).toContain("diverged");
    ran = [];
    expect((await fpx(rows, "toys", "--resume")).code).toBe(0);
    expect(ran).toEqual(["R2"]);
    ran = [];
    await fpx(rows, "toys", "--resume", "--seed", "3");
    expect(ran).toEqual(["R1", "R2"]);
  });

  it("runs a row again whose file is damaged", async () => {
    await fpx(rows, "toys");
    await writeFile(join(folder, "rows", "toys-R1.json"), '{"version":');
    ran = [];
    const { code } = await fpx(rows, "toys", "--resume");
    expect(code).toBe(0);
    expect(ran).toEqual(["R1"]);
  });

  it("refuses rooms and rows that it does not know, naming those it does", async () => {
    const room = await fpx(rows, "chess");
    expect([room.code, room.stderr]).toEqual([2, expect.stringMatching(/"chess".*toys, all/)]);
    const one = await fpx(rows, "toys", "--only", "R9");
    expect([one.code, one.stderr]).toEqual([2, expect.stringMatching(/"R9".*R1, R2/)]);
    expect(ran).toEqual([]);
  });
});
