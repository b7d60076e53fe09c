import type { Domain } from "./domain.ts";
import type { Multipliers } from "./exact-bound.ts";

/** Nothing but `certified` is a guarantee. */
export type CertificateStatus = "certified" | "violated" | "unknown";

/** How a clause of a rule was decided. */
export interface ClauseProof {
  readonly status: CertificateStatus;
  /** Upper bound of the clause's worst case (weighted sum of atoms), rounded up; below 0 is good. */
  readonly bound: number;
  /** `exact`: by exact arithmetic, with these multipliers; `milp`: by HiGHS, up to its tolerance; `empty`: no input. */
  readonly method: "exact" | "milp" | "empty";
  readonly multipliers: Multipliers;
  /** An input where the bound is attained, or nearly. */
  readonly worstInput: Readonly<Record<string, number | string>>;
  /** The bound holds for outputs computed in floating point too, in any order of summation. */
  readonly floatSafe: boolean;
}

/** An input (for slopes: two of them) at which the rule fails, checked in exact arithmetic. Raw units. */
export interface Counterexample {
  readonly inputs: readonly Readonly<Record<string, number | string>>[];
  readonly outputs: readonly Readonly<Record<string, number>>[];
}

export interface RuleResult {
  readonly rule: string;
  readonly status: CertificateStatus;
  /** The largest bound of its clauses. */
  readonly bound: number;
  /** -bound: how far the worst case is from breaking the rule. */
  readonly slack: number;
  readonly worstInput?: Readonly<Record<string, number | string>>;
  readonly counterexample?: Counterexample;
  /** Why it is unknown. */
  readonly reason?: string;
  readonly clauses: readonly ClauseProof[];
}

/** What holds for every input of the domain, and why. Plain data; `verifyCertificate` checks a stored one. */
export interface Certificate {
  readonly format: "fpx-certificate";
  readonly version: 1;
  /** Digests of the model's and the rules' content. */
  readonly model: string;
  readonly rules: string;
  /** Where it holds: bounds and scaler. */
  readonly domain: Domain;
  readonly status: CertificateStatus;
  readonly ok: boolean;
  readonly results: readonly RuleResult[];
}
