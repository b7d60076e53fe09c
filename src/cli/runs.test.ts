import { spawn } from "node:child_process";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { fpx, root } from "../../test/support/fpx.ts";
import { ask, type Problem, run, type Solver } from "../core/index.ts";
import { openStore, recordRun } from "../store/index.ts";

let folder: string;
let db: string;

interface Bowl extends Problem {
  readonly value: { readonly name: string; answer(x: number): number };
}
const bowl: Bowl = { fingerprint: "bowl@1", value: { name: "value", answer: (x) => x * x } };
const descent: Solver<Bowl, number, number> = {
  name: "descent",
  *init() {
    return 1;
  },
  *step(problem, x) {
    const [value] = yield* ask(problem.value, [x]);
    return x - 0.1 * Math.sqrt(value!);
  },
  metrics: (x) => ({ gap: x * x }),
  status: () => "running",
  result: (_, x) => x,
};

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "fpx-runs-"));
  db = join(folder, "fpx.db");
  const store = await openStore(db);
  for (const [id, maxSteps] of [
    ["alpha", 20],
    ["beta", 40],
  ] as const)
    await recordRun<number, number>(
      store,
      { id, name: "bowl", command: "test", solver: "descent" },
      (recorded) => run(descent, bowl, { seed: 1, stop: { maxSteps }, ...recorded }),
    );
  await store.close();
});

afterAll(() => rm(folder, { recursive: true, force: true }));

describe("fpx runs", () => {
  it("lists, shows and compares", async () => {
    const list = JSON.parse((await fpx(["runs", "list", "--db", db, "--json"])).stdout);
    expect(list.runs.map(({ id, steps }: { id: string; steps: number }) => [id, steps])).toEqual([
      ["beta", 40],
      ["alpha", 20],
    ]);
    const shown = await fpx(["runs", "show", "al", "--db", db]);
    expect(shown.stdout).toMatch(/alpha +bowl +budget +20/);
    expect(shown.stdout).toContain("gap");
    const compared = JSON.parse(
      (await fpx(["runs", "compare", "alpha", "beta", "--db", db, "--json"])).stdout,
    );
    expect(compared.runs[1].metrics.gap).toBeLessThan(compared.runs[0].metrics.gap);
    const unknown = await fpx(["runs", "show", "gamma", "--db", db]);
    expect(unknown.code).toBe(1);
    expect(unknown.stderr).toContain("there is no run gamma");
    expect((await fpx(["runs", "compare", "alpha", "--db", db])).code).toBe(2);
  });

  it("exports, deletes and imports", async () => {
    const out = join(folder, "all.jsonl");
    expect((await fpx(["runs", "export", "--all", "--out", out, "--db", db])).code).toBe(0);
    const lines = (await readFile(out, "utf8")).trim().split("\n");
    expect(JSON.parse(lines[0]!)).toMatchObject({ fpx: "store" });
    expect((await fpx(["runs", "delete", "alpha", "beta", "--db", db])).code).toBe(0);
    expect((await fpx(["runs", "list", "--db", db])).stderr).toContain("no runs yet");
    expect((await fpx(["runs", "import", out, "--db", db])).stderr).toContain("2 runs");
    expect((await fpx(["runs", "show", "beta", "--db", db, "--json"])).stdout).toContain('"steps":40');
  });
});

describe("fpx serve and fpx token", () => {
  it("serves until Ctrl-C, with tokens where asked for", async () => {
    const made = JSON.parse(
      (await fpx(["token", "create", "--scopes", "read", "--db", db, "--json"])).stdout,
    );
    const child = spawn(
      process.execPath,
      [
        "--import",
        "jiti/register",
        "src/cli/main.ts",
        "serve",
        "--port",
        "0",
        "--require-token",
        "--db",
        db,
        "--json",
      ],
      { cwd: root, stdio: ["ignore", "pipe", "pipe"] },
    );
    const ended = new Promise<number | null>((resolve) => child.once("close", resolve));
    const line = await new Promise<string>((resolve, reject) => {
      child.stdout.once("data", (data) => resolve(String(data)));
      child.once("exit", () => reject(new Error("the server ended early")));
    });
    const { url } = JSON.parse(line) as { readonly url: string };
    const ask = (secret?: string) =>
      fetch(`${url}/api/runs`, {
        headers: secret === undefined ? {} : { authorization: `Bearer ${secret}` },
      });
    expect((await ask()).status).toBe(401);
    const answer = await ask(made.secret);
    expect(answer.status).toBe(200);
    expect(((await answer.json()) as { runs: unknown[] }).runs.length).toBe(2);
    expect((await fpx(["token", "revoke", made.id, "--db", db])).code).toBe(0);
    expect((await ask(made.secret)).status).toBe(401);
    expect((await fpx(["token", "list", "--db", db])).stdout).toMatch(/revoked/);
    child.kill("SIGINT");
    expect(await ended).toBe(130);
  });
});
