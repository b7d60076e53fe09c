/** The tables as kysely sees them: texts, numbers, times as integer milliseconds, JSON as text, bytes. */
import type { Generated } from "kysely";

export interface RunsTable {
  readonly id: string;
  readonly name: string;
  readonly command: string;
  readonly solver: string | null;
  readonly seed: string | null;
  readonly fingerprint: string | null;
  readonly version: string | null;
  status: string;
  readonly started: number;
  updated: number;
  ended: number | null;
  steps: number;
  calls: number;
  seconds: number;
  /** 1 when someone asked the run to stop. */
  stop: number;
  /** Command line that goes on with the run, as a JSON list; null where there is none. */
  resume: string | null;
  result: string | null;
  error: string | null;
  /** The process that works at it, as JSON: its machine and its number there. */
  process: string | null;
}

export interface PointsTable {
  readonly run: string;
  readonly step: number;
  readonly calls: number;
  readonly seconds: number;
  /** JSON object of numbers. */
  readonly metrics: string;
}

export interface SnapshotsTable {
  readonly run: string;
  readonly step: number;
  readonly taken: number;
  readonly bytes: Uint8Array;
}

export interface EditsTable {
  readonly seq: Generated<number>;
  readonly id: string;
  readonly created: number;
  /** JSON: a text or a list of messages. */
  readonly context: string;
  readonly draft: string;
  readonly edited: string;
  readonly policy: string | null;
  readonly editor: string | null;
  readonly ts: string | null;
  readonly meta: string | null;
  readonly source: string;
  readonly definition: string;
  readonly cost: number;
  readonly changes: number;
  readonly draft_tokens: number;
  readonly edited_tokens: number;
  /** 1 where the draft was changed. */
  readonly changed: number;
  /** Place of the cost in the histogram. */
  readonly bin: number;
}

/** Sums over the edits of a scope: one editor, or all; one policy, or all. See `scope`. */
export interface EditTotalsTable {
  readonly editor: string;
  readonly policy: string;
  n: number;
  changed: number;
  cost: number;
  squares: number;
  draft_tokens: number;
  edited_tokens: number;
  /** JSON list of counts by bin, without the zeros at its end. */
  bins: string;
}

export interface EditDaysTable {
  readonly policy: string;
  /** Days since 1970 in UTC. */
  readonly day: number;
  n: number;
  changed: number;
  cost: number;
}

export interface DraftsTable {
  readonly id: string;
  readonly created: number;
  readonly context: string;
  readonly draft: string;
  readonly policy: string | null;
  readonly editor: string | null;
  readonly choice: string | null;
}

export interface PoliciesTable {
  readonly name: string;
  readonly kind: string;
  readonly details: string;
  readonly created: number;
  /** 1 when a person whose edits it was trained on asked to be forgotten. */
  readonly stale: number;
}

export interface BanditsTable {
  readonly name: string;
  /** JSON list of names. */
  readonly arms: string;
  readonly options: string;
  state: string;
  readonly created: number;
  updated: number;
}

export interface ChoicesTable {
  readonly id: string;
  readonly bandit: string;
  readonly segment: string;
  readonly arm: string;
  /** The bandit's own name of the choice. */
  readonly ticket: string;
  readonly created: number;
  settled: number | null;
  cost: number | null;
}

export interface ArmsTable {
  readonly bandit: string;
  readonly segment: string;
  readonly arm: string;
  pulls: number;
  n: number;
  cost: number;
  squares: number;
}

export interface ArmHistoryTable {
  readonly bandit: string;
  readonly segment: string;
  /** Costs received so far, over all arms. */
  readonly n: number;
  readonly at: number;
  /** JSON: the arms' sums at that count. */
  readonly arms: string;
}

export interface CertificatesTable {
  readonly id: string;
  readonly run: string | null;
  readonly name: string;
  readonly verdict: string;
  readonly created: number;
  readonly rules: string;
}

export interface TokensTable {
  readonly id: string;
  readonly name: string;
  readonly hash: string;
  readonly scopes: string;
  readonly created: number;
  revoked: number | null;
}

export interface Tables {
  readonly runs: RunsTable;
  readonly points: PointsTable;
  readonly snapshots: SnapshotsTable;
  readonly edits: EditsTable;
  readonly edit_totals: EditTotalsTable;
  readonly edit_days: EditDaysTable;
  readonly drafts: DraftsTable;
  readonly policies: PoliciesTable;
  readonly bandits: BanditsTable;
  readonly choices: ChoicesTable;
  readonly arms: ArmsTable;
  readonly arm_history: ArmHistoryTable;
  readonly certificates: CertificatesTable;
  readonly tokens: TokensTable;
}
