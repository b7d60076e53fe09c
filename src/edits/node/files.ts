/** Edit logs and training files on disk. */
import { createReadStream } from "node:fs";
import { readFile } from "node:fs/promises";
import { writeLinesAtomic } from "../../core/node/index.ts";
import { type ExportOptions, type ExportReport, exportLines } from "../exports/export.ts";
import type { EditFormatName } from "../exports/format.ts";
import { type ImportedFile, importFormat } from "../exports/import.ts";
import { type EditLog, type ReadOptions, readEditLog } from "../reader.ts";
import type { EditRecord } from "../record.ts";

/**
 * Reads a log of JSON lines from a file, piece by piece; see `readEditLog`. Throws the system's error (`ENOENT`, ...)
 * where the file cannot be read.
 *
 * @example const { records, rejects } = await readEditLogFile("log.jsonl");
 */
export function readEditLogFile(path: string, options: ReadOptions = {}): Promise<EditLog> {
  return readEditLog(createReadStream(path), options);
}

/**
 * Writes records as a training file, whole or not at all; see `exportLines`. A file that was there is replaced.
 * Throws `InvalidInput` as `exportLines` does, and the system's error where the disk
 * cannot be written.
 *
 * @example const report = await writeExportFile("dpo.jsonl", records, "trl-preference");
 */
export async function writeExportFile(
  path: string,
  records: readonly EditRecord[],
  format: EditFormatName,
  options: ExportOptions = {},
): Promise<ExportReport> {
  let report!: ExportReport;
  function* lines(): Generator<string> {
    report = yield* exportLines(records, format, options);
  }
  await writeLinesAtomic(path, lines());
  return report;
}

/** Reads a training file back; see `importFormat`. Throws the system's error where the file cannot be read. */
export async function readExportFile(path: string, format: EditFormatName): Promise<ImportedFile> {
  return importFormat(format, await readFile(path, "utf8"));
}
