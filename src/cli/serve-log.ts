/** An edit log from a file into the database. */
import { createHash } from "node:crypto";
import type { EditRecord } from "../edits/index.ts";
import { measure } from "../server/index.ts";
import { addEdits, type NewEdit, type Store } from "../store/index.ts";
import { plural, readLog } from "./files.ts";

const BATCH = 500;

/** Adds the edits of a log that are not there yet; returns what to tell. */
export async function addLog(store: Store, path: string): Promise<string> {
  const { records } = await readLog(path, { skipRejected: true });
  const now = Date.now();
  let added = 0;
  for (let at = 0; at < records.length; at += BATCH) {
    const edits = records
      .slice(at, at + BATCH)
      .map((record, i) => editOf(record, now - records.length + at + i));
    added += (await addEdits(store, edits)).size;
  }
  return `${plural(added, "edit")} added from ${path}, ${records.length - added} were there`;
}

function editOf(record: EditRecord, moment: number): NewEdit {
  const { id, ts, context, draft, edited, policy, user, meta } = record;
  const time = ts === undefined ? Number.NaN : Date.parse(ts);
  const digest = createHash("sha256")
    .update(JSON.stringify([context, draft, edited, policy, user, ts]))
    .digest("hex");
  return {
    id: id ?? digest.slice(0, 32),
    created: Number.isNaN(time) ? moment : time,
    context,
    draft,
    edited,
    policy,
    user,
    ts,
    meta,
    source: "import",
    ...measure(record),
  };
}
