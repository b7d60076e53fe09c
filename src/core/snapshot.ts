import { randomFormat, type Seed } from "../random/index.ts";
import { decode, encode } from "./codec.ts";
import { SnapshotMismatch } from "./errors.ts";
import { fingerprint } from "./fingerprint.ts";
import type { Problem, Solver } from "./solver.ts";

/** All that a run needs to go on with the same bits: the last finished step and the answers received since. */
export interface Snapshot<S = unknown> {
  readonly format: 1;
  readonly solver: string;
  /** Digest of the solver's options. */
  readonly options: string;
  /** `problem.fingerprint`. */
  readonly problem: string;
  readonly seed: Seed;
  /** Version of the layout of the random streams. */
  readonly random: string;
  readonly step: number;
  readonly calls: number;
  /** `null` while the run is still inside `init`. */
  readonly state: S | null;
  /** Answers to the batches asked since `state`, in order. */
  readonly journal: readonly (readonly unknown[])[];
}

export interface RunFrame<S> {
  readonly seed: Seed;
  readonly step: number;
  readonly calls: number;
  readonly state: S | null;
  readonly journal: readonly (readonly unknown[])[];
}

/** A snapshot of a run; it borrows the state, so encode or clone it before the run goes on. */
export function snapshotOf<P extends Problem, S, R>(
  solver: Solver<P, S, R>,
  problem: P,
  frame: RunFrame<S>,
): Snapshot<S> {
  return {
    format: 1,
    solver: solver.name,
    options: fingerprint(solver.options),
    problem: problem.fingerprint,
    random: randomFormat,
    ...frame,
  };
}

/** Throws `SnapshotMismatch`, naming what differs, unless the snapshot belongs to this solver, problem and seed. */
export function checkSnapshot<P extends Problem, S, R>(
  solver: Solver<P, S, R>,
  problem: P,
  seed: Seed,
  snapshot: Snapshot<S>,
): void {
  const expected = snapshotOf(solver, problem, { seed, step: 0, calls: 0, state: null, journal: [] });
  const advice: readonly (readonly [keyof Snapshot, string])[] = [
    ["format", "update fpx"],
    ["solver", "resume with the solver that wrote it"],
    ["options", "resume with the same solver options, or start afresh"],
    ["problem", "the problem's module or data changed: restore them, or start afresh"],
    ["random", "update fpx, or start afresh"],
    ["seed", "resume with the same seed"],
  ];
  for (const [field, what] of advice)
    if (snapshot[field] !== expected[field])
      throw new SnapshotMismatch(
        `the snapshot's ${field} is ${String(snapshot[field])}, this run's is ${String(expected[field])}: ${what}`,
      );
}

/** A snapshot as bytes, bit-exact and versioned. */
export const encodeSnapshot = (snapshot: Snapshot): Uint8Array<ArrayBuffer> => encode(snapshot);

/**
 * Reads what `encodeSnapshot` wrote; throws `SnapshotMismatch` for anything else. The state's type S is that of the run
 * which goes on `from` it, where solver, options, problem and seed are compared.
 */
export function decodeSnapshot<S = unknown>(bytes: Uint8Array): Snapshot<S> {
  const value = decode(bytes) as Partial<Snapshot> | null;
  if (
    typeof value !== "object" ||
    value === null ||
    typeof value.solver !== "string" ||
    !Array.isArray(value.journal)
  )
    throw new SnapshotMismatch("these bytes hold plain data but no run snapshot: check the file name");
  if (value.format !== 1)
    throw new SnapshotMismatch(`snapshot format ${String(value.format)} is unknown to this fpx: update fpx`);
  return value as Snapshot<S>;
}
