import { spawn } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { fpx, fpxHere, root } from "../../test/support/fpx.ts";
import {
  findRun,
  isResumable,
  listCertificates,
  listPoints,
  listRuns,
  openStore,
  type Store,
} from "../store/index.ts";
import { resumeLine } from "./recording.ts";

let folder: string;
let db: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "fpx-recording-"));
  db = join(folder, "fpx.db");
});
afterAll(() => rm(folder, { recursive: true, force: true }));

async function inStore<T>(work: (store: Store) => Promise<T>): Promise<T> {
  const store = await openStore(db);
  try {
    return await work(store);
  } finally {
    await store.close();
  }
}

describe("long commands", () => {
  it("record fits and certificates", async () => {
    const data = join(folder, "loans.csv");
    const rows = Array.from({ length: 60 }, (_, i) => `${i % 10},${i % 2},${i % 10 > 4 ? 1 : 0}`);
    await writeFile(data, `income,credit,approved\n${rows.join("\n")}\n`);
    const rules = join(folder, "rules.yaml");
    const monotone = "monotone: { output: approved, feature: income, direction: increasing }";
    await writeFile(rules, `domain:\n  income: [0, 10]\n  credit: binary\nrules:\n  - ${monotone}\n`);
    const strict = join(folder, "strict.yaml");
    await writeFile(strict, "rules:\n  - name: none\n    then: approved < -1000\n");
    const out = join(folder, "model.json");
    const fitted = await fpxHere([
      "fit",
      data,
      "--target",
      "approved",
      "--rules",
      rules,
      "--out",
      out,
      "--db",
      db,
    ]);
    expect(fitted).toMatchObject({ code: 0 });
    expect((await fpxHere(["certify", out, "--rules", strict, "--db", db])).code).toBe(3);
    expect((await fpxHere(["certify", out, "--rules", rules, "--db", db, "--no-record"])).code).toBe(0);
    await inStore(async (store) => {
      const runs = await listRuns(store);
      expect(runs.map(({ name, status }) => [name, status])).toEqual([
        ["certify model.json", "done"],
        ["fit loans.csv", "done"],
      ]);
      expect(isResumable({ ...runs[0]!, resume: ["x"] })).toBe(false);
      expect(isResumable({ ...runs[0]!, resume: ["x"], status: "budget" })).toBe(true);
      expect((await findRun(store, runs[1]!.id))?.result).toMatchObject({ status: "certified", model: out });
      const kept = await listCertificates(store);
      expect(kept.map(({ verdict, run }) => [verdict, run])).toEqual([
        ["violated", runs[0]!.id],
        ["certified", runs[1]!.id],
      ]);
      expect(kept[0]?.rules[0]?.counterexample).toHaveProperty("inputs");
    });
  });

  it("record a stream's estimates, with bands where these may be watched", async () => {
    const data = join(folder, "rows.csv");
    const rows = Array.from(
      { length: 4000 },
      (_, i) => `${Math.sin(i)},${2 * Math.sin(i) + Math.cos(7 * i)}`,
    );
    await writeFile(data, `a,y\n${rows.join("\n")}\n`);
    const ended = await fpxHere(["infer", "--data", data, "--method", "plug-in", "--json", "--db", db]);
    const { parameters } = JSON.parse(ended.stdout);
    await inStore(async (store) => {
      const { id, steps, calls } = (await listRuns(store))[0]!;
      expect(steps).toBe(4000);
      expect(calls).toBeGreaterThan(4000);
      const last = (await listPoints(store, id)).at(-1)!.metrics;
      expect(last["a"]).toBe(parameters[1].estimate);
      expect(last["a.lower"]).toBeLessThan(last["a"]!);
      expect((await findRun(store, id))?.result).toMatchObject({ rows: 4000, parameters });
    });
  });

  it("record how they failed", async () => {
    const data = join(folder, "bad.csv");
    await writeFile(data, "a,y\n1,2\n");
    expect((await fpxHere(["infer", "--data", data, "--db", db])).code).toBe(1);
    const [failed] = await inStore((store) => listRuns(store));
    expect(failed).toMatchObject({ status: "failed", error: expect.stringContaining("too few") });
    const text = join(folder, "text.db");
    await writeFile(text, "no database".repeat(500));
    const refused = await fpxHere(["infer", "--data", data, "--db", text]);
    expect(refused.stderr).toContain("cannot be opened as a database");
  });
});

describe("a killed run", () => {
  it("is lost at once, and goes on at once", async () => {
    const study = join(root, "test/fixtures/executors/grind.ts");
    const args = ["--import", "jiti/register", "src/cli/main.ts", "run", study, "--db", db];
    const child = spawn(process.execPath, args, { cwd: root, stdio: ["ignore", "ignore", "pipe"] });
    const id = await new Promise<string>((resolve) => {
      let text = "";
      child.stderr.on("data", (data) => {
        text += String(data);
        const found = /run (\w+)/.exec(text)?.[1];
        if (found !== undefined) resolve(found);
      });
    });
    const active = await fpxHere(["run", "--resume", id, "--db", db]);
    expect(active.stderr).toContain("is going on in another process");
    const ended = new Promise((resolve) => child.once("exit", resolve));
    child.kill("SIGKILL");
    await ended;
    expect((await fpxHere(["runs", "list", "--db", db])).stdout).toMatch(new RegExp(`${id}.*lost`));
    const resumed = await fpx(["run", "--resume", id, "--max-steps", "2", "--json", "--db", db]);
    expect(JSON.parse(resumed.stdout)).toMatchObject({ id, status: "budget" });
  });
});

describe("resumeLine", () => {
  it("makes the argument and the paths absolute, and asks to go on", () => {
    const line = resumeLine(["learn", "a.jsonl", "--force", "--out", "b", "--seed", "3"], "a.jsonl", {
      "--out": "b",
    });
    const here = process.cwd();
    expect(line).toEqual([
      "learn",
      join(here, "a.jsonl"),
      "--out",
      "b",
      "--seed",
      "3",
      "--out",
      join(here, "b"),
      "--resume",
    ]);
  });
});
