/** The studies of the papers, as `fpx reproduce` and its workers find them. */
import type { Findings, Reproduction, Row, RowContext } from "fpx/experiments";
import { REPRODUCTIONS, studyModule } from "../../src/cli/reproductions.ts";
import type { ProblemSource } from "../../src/executors/index.ts";

export const rooms = Object.keys(REPRODUCTIONS);

/** A room's study, and where workers load it from. */
export async function loadReproduction(
  room: string,
): Promise<{ readonly study: Reproduction; readonly source: ProblemSource }> {
  const study = await REPRODUCTIONS[room]!();
  const { fingerprint } = study.problem;
  return { study, source: { module: studyModule(room), export: "reproduction", fingerprint } };
}

export const rowOf = ({ rows }: Reproduction, id: string): Row => rows.find((row) => row.id === id)!;

/** What a quick run of a row finds, and what it told of its progress. */
export async function quickRun(
  row: Row,
  context: Partial<RowContext> = {},
): Promise<{ readonly findings: Findings; readonly told: readonly (readonly [number, number])[] }> {
  const told: [number, number][] = [];
  const progress = (done: number, total: number) => void told.push([done, total]);
  return { findings: await row.run({ quick: true, seed: 5, progress, ...context }), told };
}
