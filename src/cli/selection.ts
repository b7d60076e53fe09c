/** The edit log of a command, and which of its records the command uses. */
import type { Command } from "commander";
import {
  type EditLog,
  type FieldMap,
  parseFieldMap,
  parseWhere,
  type ReadOptions,
  type SelectedRecords,
  selectRecords,
  type Where,
} from "../edits/index.ts";
import { describeRejects, plural, readLog } from "./files.ts";
import { checked } from "./options.ts";

/** What `selectionOptions` adds. */
export interface SelectionFlags {
  readonly map?: FieldMap;
  readonly where?: readonly Where[];
  readonly dropTruncated?: boolean;
  readonly skipRejected?: boolean;
}

/** A log without the records that are not to be used. */
export interface SelectedLog extends EditLog, Pick<SelectedRecords, "left"> {}

/** Adds the options by which a log is read and its records chosen. */
export function selectionOptions(command: Command): Command {
  return command
    .option(
      "--map <roles>",
      "which field is what, as in draft=preedit,edited=postedit",
      checked(parseFieldMap),
    )
    .option(
      "--where <conditions>",
      'only records that meet them all: id, policy, user, ts, edited or a further field, one of = != > >= < <=, and a value, as in "dwell>=2,policy=base"',
      checked(parseWhere),
    )
    .option("--drop-truncated", "leave out drafts that seem to break off before their end")
    .option("--skip-rejected", "go on without lines that hold no edit");
}

/** Reads the log and leaves out what the flags leave out; throws as `readLog` and `selectRecords`. */
export async function readSelection(
  path: string,
  { map, where, dropTruncated = false, skipRejected = false }: SelectionFlags,
  read: ReadOptions = {},
): Promise<SelectedLog> {
  const log = await readLog(path, { ...read, skipRejected, ...(map === undefined ? {} : { map }) });
  const { records, kept, left } = selectRecords(log.records, {
    dropTruncated,
    ...(where === undefined ? {} : { where }),
  });
  return {
    ...log,
    records,
    left,
    lines: kept.map((i) => log.lines[i]!),
    warnings: log.warnings.filter(({ code }) => !(dropTruncated && code === "truncated-draft")),
  };
}

/** What of a log is not used, and why: one text a reason. */
export function describeUnused({ rejects, left }: SelectedLog): readonly string[] {
  return [
    ...describeRejects(rejects),
    ...left.map(({ reason, count }) => `${plural(count, "record")} left out: ${reason}`),
  ];
}
