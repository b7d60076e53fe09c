/** A thread that owns a connection to a SQLite file, so that waiting for the disk stops no one else. */
import { parentPort, workerData } from "node:worker_threads";
import { openSqliteFile, type SqliteFile, type SqlResult } from "./sqlite-file.ts";

/** A statement for the thread; without `sql` it closes the file and ends. */
export interface SqlCall {
  readonly id: number;
  readonly sql?: string;
  readonly parameters?: readonly unknown[];
}

/** The thread's answer. */
export interface SqlReply {
  readonly id: number;
  readonly result?: SqlResult;
  readonly error?: { readonly message: string; readonly code: string };
}

const port = parentPort!;
let file: SqliteFile | undefined;

port.on("message", ({ id, sql, parameters }: SqlCall) => {
  try {
    file ??= openSqliteFile((workerData as { path: string }).path);
    if (sql === undefined) {
      file.close();
      port.postMessage({ id } satisfies SqlReply);
      port.close();
      return;
    }
    port.postMessage({ id, result: file.execute(sql, parameters ?? []) } satisfies SqlReply);
  } catch (thrown) {
    const error = thrown as Error & { code?: string };
    port.postMessage({ id, error: { message: error.message, code: error.code ?? "" } } satisfies SqlReply);
  }
});
