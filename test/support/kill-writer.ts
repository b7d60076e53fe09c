/** A process that writes an app's log and is killed: what it was acknowledged must be there. */
import { spawn } from "node:child_process";
import { join } from "node:path";
import { expect } from "vitest";
import { readEditLogFile } from "../../src/edits/node/index.ts";
import { openEditLog } from "../../src/integrations/index.ts";
import { root } from "./fpx.ts";

/** Kills a writer after so many acknowledged records, and finds all of them in the file, which then goes on. */
export async function surviveKill(path: string, after: number): Promise<void> {
  const acknowledged = await killAfter(path, after);
  const log = await openEditLog(path);
  const drafts = new Map(log.drafts().map((record) => [record.id!, record]));
  const closed = new Set(log.records().map(({ id }) => id!));
  const lost = acknowledged.filter(([kind, id]) =>
    kind === "draft" ? !drafts.has(id!) : !closed.has(id!) || drafts.get(id!)!.edited.at(-1) !== "!",
  );
  expect(acknowledged.length).toBeGreaterThanOrEqual(after);
  expect(lost).toEqual([]);
  await log.edited(await log.generation({ context: "c", draft: "d" }), "e");
  await log.close();
  expect((await readEditLogFile(path)).rejects).toEqual([]);
}

/** Kills a writing process with SIGKILL after it has acknowledged so many records; gives all it acknowledged. */
async function killAfter(path: string, count: number): Promise<string[][]> {
  const writer = startWriter(path);
  await writer.wrote(count);
  return writer.kill();
}

/** A process that writes a log. */
export interface Writer {
  readonly pid: number;
  /** Resolves when it was acknowledged so many records. */
  wrote(count: number): Promise<void>;
  /** Kills it with SIGKILL; gives all that it was acknowledged: kind and id. */
  kill(): Promise<string[][]>;
}

/** Starts a process that writes a log as fast as it can. */
export function startWriter(path: string): Writer {
  const child = spawn(
    process.execPath,
    ["--import", "jiti/register", join(root, "test/fixtures/edit-log-writer.ts"), path],
    { cwd: root, stdio: ["ignore", "pipe", "inherit"] },
  );
  let text = "";
  child.stdout.on("data", (data) => {
    text += String(data);
  });
  const ended = new Promise((resolve) => child.on("close", (_, by) => resolve(by)));
  return {
    pid: child.pid!,
    wrote: (count) =>
      new Promise((resolve, reject) => {
        const look = () => text.split("\n").length > count && resolve();
        child.stdout.on("data", look);
        look();
        ended.then(() => reject(new Error("the writer ended early")));
      }),
    async kill() {
      child.kill("SIGKILL");
      expect(await ended).toBe("SIGKILL");
      return text
        .split("\n")
        .slice(0, -1)
        .map((line) => line.split(" "));
    },
  };
}
