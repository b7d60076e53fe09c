import { type ChildProcess, spawn } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { root } from "../../test/support/fpx.ts";
import { type PostgresServer, startPostgres } from "../../test/support/postgres.ts";
import { createRng } from "../random/index.ts";
import { countEdits, editCostHistogram, editGroups, editTotals, exportLines, openStore } from "./index.ts";

const KILLS = Number(process.env["FPX_KILLS"] ?? 50);
const EDITS = Number(process.env["FPX_EDITS"] ?? 10_000);

let folder: string;
let postgres: PostgresServer | undefined;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "fpx-durability-"));
  postgres = await startPostgres();
});
afterAll(async () => {
  await postgres?.stop();
  await rm(folder, { recursive: true, force: true });
});

/** A process that adds edits, a few at a time, and prints the ids of those that were acknowledged. */
function writer(location: string, name: string): ChildProcess {
  const program = `
    import { createJiti } from "jiti";
    const { addEdits, openStore } = await createJiti(${JSON.stringify(join(root, "package.json"))}).import(${JSON.stringify(join(root, "src/store/index.ts"))});
    const store = await openStore(${JSON.stringify(location)});
    for (let batch = 0; ; batch++) {
      const edits = Array.from({ length: 1 + (batch % 5) }, (_, k) => ({
        id: ${JSON.stringify(name)} + "-" + batch + "-" + k + "-of-" + (1 + (batch % 5)), created: Date.now(),
        context: "durable", draft: "a draft", edited: "an edit " + "x".repeat(500), user: ${JSON.stringify(name)},
        source: "test", definition: "d", cost: k / 10, changes: k, draftTokens: 2, editedTokens: 3, changed: k > 0,
      }));
      await addEdits(store, edits);
      process.stdout.write(edits.map(({ id }) => id).join(" ") + "\\n");
    }`;
  return spawn(process.execPath, ["--input-type=module", "-e", program], {
    cwd: root,
    stdio: ["ignore", "pipe", "pipe"],
  });
}

describe("acknowledged edits", () => {
  for (const backend of ["sqlite", "postgres"] as const)
    it(`outlive ${KILLS} killed writers on ${backend}, each once and whole, with two writers and a reader`, async () => {
      const location = backend === "sqlite" ? join(folder, "fpx.db") : await postgres!.database();
      const store = await openStore(location);
      const acknowledged = new Set<string>();
      const complaints: string[] = [];
      const draws = createRng(3).draws("kills");
      let kills = 0;
      let done = false;

      const lane = async (which: number): Promise<void> => {
        for (let round = 0; kills < KILLS || acknowledged.size < EDITS; round++) {
          const child = writer(location, `w${which}r${round}`);
          const ended = new Promise((resolve) => child.once("exit", resolve));
          child.stderr!.on("data", (text) => complaints.push(String(text)));
          const lines = createInterface({ input: child.stdout! });
          let left = draws.integer((2 * EDITS) / KILLS) + 20;
          lines.on("line", (line) => {
            for (const id of line.split(" ")) acknowledged.add(id);
            left -= line.split(" ").length;
            // At any moment: in a write, in a commit, between two.
            if (left <= 0) setTimeout(() => child.kill("SIGKILL"), draws.integer(8));
          });
          await ended;
          kills++;
        }
      };
      const reader = (async () => {
        let before = 0;
        while (!done) {
          const { n } = await editTotals(store);
          expect(n).toBeGreaterThanOrEqual(before);
          before = n;
          await new Promise((next) => setTimeout(next, 5));
        }
      })();
      await Promise.all([lane(0), lane(1)]);
      done = true;
      await reader;
      expect(complaints).toEqual([]);

      const kept: string[] = [];
      for await (const line of exportLines(store)) {
        const { table, row } = JSON.parse(line) as {
          readonly table?: string;
          readonly row: { readonly id: string; readonly edited: string };
        };
        if (table !== "edits") continue;
        kept.push(row.id);
        expect(row.edited.length).toBe(508);
      }
      const unique = new Set(kept);
      expect(unique.size).toBe(kept.length);
      expect([...acknowledged].filter((id) => !unique.has(id))).toEqual([]);
      // None half: the edits of a transaction are there together.
      const groups = new Map<string, number>();
      for (const id of kept) {
        const group = id.replace(/-\d+-of/, "");
        groups.set(group, (groups.get(group) ?? 0) + 1);
      }
      expect([...groups].filter(([group, n]) => !group.endsWith(`-${n}`))).toEqual([]);
      expect((await editTotals(store)).n).toBe(kept.length);
      expect(await countEdits(store, { search: "durable" }, 1e9)).toBe(kept.length);
      expect((await editCostHistogram(store)).counts.reduce((sum, n) => sum + n, 0)).toBe(kept.length);
      expect((await editGroups(store, "user", { limit: 1000 })).reduce((sum, { n }) => sum + n, 0)).toBe(
        kept.length,
      );
      process.stdout.write(
        `${backend}: ${kills} kills, ${acknowledged.size} acknowledged, ${kept.length} kept\n`,
      );
      await store.close();
    });
});
