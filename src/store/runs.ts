/** Runs of solvers and commands: what they were, their curves, their snapshots. */
import { hostname } from "node:os";
import type { Selectable } from "kysely";
import { sql } from "kysely";
import { InvalidInput } from "../core/errors.ts";
import { decodeSnapshot, encodeSnapshot, type RunResult, type Snapshot } from "../core/index.ts";
import type { Store } from "./store.ts";
import type { RunsTable } from "./tables.ts";

/** `running` while it works; `failed` when it threw; `done` where there was nothing to converge; else how the driver ended it. */
export type RunStatus = "running" | "done" | RunResult<unknown, unknown>["status"] | "failed";

/** What a run is, as it is recorded. Times are milliseconds since 1970. */
export interface RunRecord {
  readonly id: string;
  readonly name: string;
  /** The command or program that ran it. */
  readonly command: string;
  readonly solver: string | null;
  readonly seed: string | null;
  readonly fingerprint: string | null;
  readonly version: string | null;
  readonly status: RunStatus;
  readonly started: number;
  /** Last sign of life. */
  readonly updated: number;
  readonly ended: number | null;
  readonly steps: number;
  readonly calls: number;
  readonly seconds: number;
  /** Whether someone asked it to stop. */
  readonly stopRequested: boolean;
  /** Arguments of `fpx` that go on with it; null where there are none. */
  readonly resume: readonly string[] | null;
  readonly result: unknown;
  readonly error: string | null;
  /** The process that works at it, or did last; null where it is not known. */
  readonly process: RunProcess | null;
}

/** A process of some machine. */
export interface RunProcess {
  readonly host: string;
  readonly pid: number;
}

/** What is known when a run begins. */
export interface NewRun {
  readonly id: string;
  readonly name: string;
  readonly command: string;
  readonly solver?: string | undefined;
  readonly seed?: string | undefined;
  readonly fingerprint?: string | undefined;
  readonly version?: string | undefined;
  readonly resume?: readonly string[] | undefined;
}

/** How far a run is. */
export interface RunProgress {
  readonly steps: number;
  readonly calls: number;
  readonly seconds: number;
}

/** A point of a run's curves. */
export interface RunPoint {
  readonly step: number;
  readonly calls: number;
  readonly seconds: number;
  readonly metrics: Readonly<Record<string, number>>;
}

/** Begins a run, or begins again one that has ended. Throws `InvalidInput` when it is running elsewhere. */
export async function beginRun(store: Store, run: NewRun): Promise<void> {
  const now = Date.now();
  const { id, name, command, solver, seed, fingerprint, version, resume } = run;
  const fresh = {
    id,
    name,
    command,
    solver: solver ?? null,
    seed: seed ?? null,
    fingerprint: fingerprint ?? null,
    version: version ?? null,
    status: "running",
    started: now,
    updated: now,
    ended: null,
    steps: 0,
    calls: 0,
    seconds: 0,
    stop: 0,
    resume: resume === undefined ? null : JSON.stringify(resume),
    result: null,
    error: null,
    process: JSON.stringify({ host: hostname(), pid: process.pid } satisfies RunProcess),
  };
  await store.transaction(async (inner) => {
    const before = await findRun(inner, id);
    if (before !== undefined && isAlive(before))
      throw new InvalidInput(`run ${id} is going on in another process: wait for it, or stop it`, {
        code: "RUN_ACTIVE",
      });
    await inner.writer
      .insertInto("runs")
      .values(fresh)
      .onConflict((conflict) =>
        conflict.column("id").doUpdateSet({
          status: "running",
          updated: now,
          ended: null,
          stop: 0,
          error: null,
          process: fresh.process,
        }),
      )
      .execute();
  });
}

/**
 * Without a sign of life for so long, a running run is taken for lost, in milliseconds: one of another machine, and
 * one whose process is still there, which may be in the midst of a long step.
 */
const LOST_AFTER = { elsewhere: 10_000, here: 600_000 } as const;

/** Whether a run works, as far as its signs of life tell; a run of this machine whose process has ended does not. */
export function isAlive({
  status,
  updated,
  process: worker,
}: Pick<RunRecord, "status" | "updated" | "process">): boolean {
  if (status !== "running") return false;
  const here = worker?.host === hostname();
  if (here && !isProcess(worker.pid)) return false;
  return Date.now() - updated < LOST_AFTER[here ? "here" : "elsewhere"];
}

/** Whether there is something to go on with, and a command line that does it. */
export function isResumable(run: RunRecord): boolean {
  return run.resume !== null && !["done", "converged"].includes(run.status) && !isAlive(run);
}

function isProcess(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch (error) {
    // One of another user may not be asked, but is there.
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
}

/** Adds points to a run's curves with its progress, as a sign of life; returns whether someone asked it to stop. */
export async function addPoints(
  store: Store,
  id: string,
  points: readonly RunPoint[],
  progress: RunProgress,
): Promise<boolean> {
  return store.transaction(async ({ writer }) => {
    for (let at = 0; at < points.length; at += 500) {
      await writer
        .insertInto("points")
        .values(
          points.slice(at, at + 500).map(({ metrics, ...point }) => ({
            run: id,
            ...point,
            metrics: JSON.stringify(metrics),
          })),
        )
        .onConflict((conflict) => conflict.columns(["run", "step"]).doNothing())
        .execute();
    }
    const row = await writer
      .updateTable("runs")
      .set({ updated: Date.now(), ...progress })
      .where("id", "=", id)
      .returning("stop")
      .executeTakeFirst();
    return row?.stop === 1;
  });
}

/** Ends a run. `result` must be plain JSON. */
export async function endRun(
  store: Store,
  id: string,
  outcome: Partial<RunProgress> & {
    readonly status: RunStatus;
    readonly result?: unknown;
    readonly error?: string;
  },
): Promise<void> {
  const { result, error, ...rest } = outcome;
  const now = Date.now();
  await store.writer
    .updateTable("runs")
    .set({
      ...rest,
      updated: now,
      ended: now,
      result: result === undefined ? null : JSON.stringify(result),
      error: error ?? null,
    })
    .where("id", "=", id)
    .execute();
}

/** Asks a run to stop; it does so at its next sign of life. Returns false for a run that is not going on. */
export async function requestStop(store: Store, id: string): Promise<boolean> {
  const { numUpdatedRows } = await store.writer
    .updateTable("runs")
    .set({ stop: 1 })
    .where("id", "=", id)
    .where("status", "=", "running")
    .executeTakeFirst();
  return numUpdatedRows > 0n;
}

const LISTED = [
  "id",
  "name",
  "command",
  "solver",
  "seed",
  "fingerprint",
  "version",
  "status",
  "started",
  "updated",
  "ended",
  "steps",
  "calls",
  "seconds",
  "stop",
  "resume",
  "error",
  "process",
] as const;

/** Runs, the newest first; without their results, which may be long. */
export async function listRuns(
  store: Store,
  { limit = 100, before }: { readonly limit?: number | undefined; readonly before?: number | undefined } = {},
): Promise<readonly RunRecord[]> {
  let query = store.reader
    .selectFrom("runs")
    .select(LISTED)
    .orderBy("started", "desc")
    .orderBy("id")
    .limit(limit);
  if (before !== undefined) query = query.where("started", "<", before);
  return (await query.execute()).map((row) => runOf({ ...row, result: null }));
}

/** A run, or undefined. */
export async function findRun(store: Store, id: string): Promise<RunRecord | undefined> {
  const row = await store.reader.selectFrom("runs").selectAll().where("id", "=", id).executeTakeFirst();
  return row === undefined ? undefined : runOf(row);
}

/** A run by its id or the unambiguous beginning of it. Throws `InvalidInput` when there is none, or several. */
export async function requireRun(store: Store, id: string): Promise<RunRecord> {
  const rows = await store.reader
    .selectFrom("runs")
    .selectAll()
    .where(sql<boolean>`substr(id, 1, ${sql.lit(id.length)}) = ${id}`)
    .limit(2)
    .execute();
  const exact = rows.find((row) => row.id === id) ?? (rows.length === 1 ? rows[0] : undefined);
  if (exact !== undefined && id !== "") return runOf(exact);
  throw new InvalidInput(
    rows.length === 0
      ? `there is no run ${id}: see fpx runs list`
      : `several runs begin with ${id}: give more of it`,
    { code: "UNKNOWN_RUN" },
  );
}

/** A run's curves in the order of steps: points after `after`, thinned evenly to about `limit`. */
export async function listPoints(
  store: Store,
  id: string,
  {
    after = -1,
    limit = 2000,
  }: { readonly after?: number | undefined; readonly limit?: number | undefined } = {},
): Promise<readonly RunPoint[]> {
  const { count } = await store.reader
    .selectFrom("points")
    .select(({ fn }) => fn.countAll<number>().as("count"))
    .where("run", "=", id)
    .where("step", ">", after)
    .executeTakeFirstOrThrow();
  const stride = Math.max(1, Math.ceil(count / limit));
  const numbered = store.reader
    .selectFrom("points")
    .select(["step", "calls", "seconds", "metrics"])
    .select(sql<number>`row_number() over (order by step desc)`.as("place"))
    .where("run", "=", id)
    .where("step", ">", after);
  const rows = await store.reader
    .selectFrom(numbered.as("numbered"))
    .selectAll()
    // The last point is always among them.
    .where(sql<boolean>`(place - 1) % ${sql.lit(stride)} = 0`)
    .orderBy("step")
    .execute();
  return rows.map(({ step, calls, seconds, metrics }) => ({
    step,
    calls,
    seconds,
    metrics: JSON.parse(metrics),
  }));
}

/** Deletes a run with its curves and snapshot. Throws `InvalidInput` while it is going on. */
export async function deleteRun(store: Store, id: string): Promise<boolean> {
  return store.transaction(async (inner) => {
    const run = await findRun(inner, id);
    if (run === undefined) return false;
    if (isAlive(run))
      throw new InvalidInput(`run ${id} is going on: stop it before it is deleted`, { code: "RUN_ACTIVE" });
    await inner.writer.deleteFrom("points").where("run", "=", id).execute();
    await inner.writer.deleteFrom("snapshots").where("run", "=", id).execute();
    await inner.writer.deleteFrom("runs").where("id", "=", id).execute();
    return true;
  });
}

/** Keeps a snapshot of a run in place of the one before. Borrows the snapshot only until it returns its promise. */
export async function saveSnapshot(store: Store, run: string, snapshot: Snapshot): Promise<void> {
  const row = { step: snapshot.step, taken: Date.now(), bytes: Buffer.from(encodeSnapshot(snapshot)) };
  await store.writer
    .insertInto("snapshots")
    .values({ run, ...row })
    .onConflict((conflict) => conflict.column("run").doUpdateSet(row))
    .execute();
}

/** The last snapshot of a run, or undefined. Throws `SnapshotMismatch` when it is damaged. */
export async function loadSnapshot<S = unknown>(store: Store, run: string): Promise<Snapshot<S> | undefined> {
  const row = await store.reader
    .selectFrom("snapshots")
    .select("bytes")
    .where("run", "=", run)
    .executeTakeFirst();
  return row === undefined ? undefined : decodeSnapshot(new Uint8Array(row.bytes));
}

function runOf({ stop, resume, result, status, process: worker, ...row }: Selectable<RunsTable>): RunRecord {
  return {
    ...row,
    process: worker === null ? null : JSON.parse(worker),
    status: status as RunStatus,
    stopRequested: stop === 1,
    resume: resume === null ? null : JSON.parse(resume),
    result: result === null ? null : JSON.parse(result),
  };
}
