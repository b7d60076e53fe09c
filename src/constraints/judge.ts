/** Decides clauses by multipliers, in exact arithmetic; shares nothing with training but the meaning of rules. */
import { fingerprint } from "../core/index.ts";
import type {
  Certificate,
  CertificateStatus,
  ClauseProof,
  Counterexample,
  RuleResult,
} from "./certificate.ts";
import type { Clause } from "./compile.ts";
import { findCounterexample } from "./counterexample.ts";
import { decode } from "./domain.ts";
import { add, exact, roundUp, sign } from "./dyadic.ts";
import {
  type ExactBound,
  exactBound,
  type Head,
  type Multipliers,
  proves,
  provesEmpty,
} from "./exact-bound.ts";
import type { Model } from "./model.ts";
import type { Rule } from "./rules.ts";

/** A clause decided: its proof, and the input that breaks it if there is one. */
export interface Decision {
  readonly proof: ClauseProof;
  readonly counterexample?: Counterexample | undefined;
  readonly reason?: string | undefined;
}

/** What may prove a clause, and inputs near which it may be broken; only looked at when nothing proves it. */
export interface Proposal {
  readonly multipliers: readonly Multipliers[];
  near?(): readonly ArrayLike<number>[];
}

/** Decides one clause on its head: certified if one of the multipliers proves it, violated with a counterexample. */
export function judge(model: Model, clause: Clause, head: Head, proposal: Proposal): Decision {
  const { atoms } = clause;
  let best: { readonly found: ExactBound; readonly multipliers: Multipliers } | undefined;
  for (const multipliers of proposal.multipliers) {
    if (multipliers.rows.length !== head.region.rows.length || multipliers.lambda.length !== atoms.length)
      continue;
    if (multipliers.lambda.every((value) => value === 0)) {
      if (provesEmpty(head, multipliers.rows))
        return { proof: proofOf(model, clause, "certified", "empty", multipliers, Number.MIN_SAFE_INTEGER) };
      continue;
    }
    const found = exactBound(head, multipliers);
    if (proves(found, atoms, multipliers)) {
      const bound = roundUp(found.bound);
      const floatSafe = sign(add(found.bound, exact(found.rounding))) < 0 && model.kind === "linear";
      return { proof: proofOf(model, clause, "certified", "exact", multipliers, bound, found, floatSafe) };
    }
    if (best === undefined || roundUp(found.bound) < roundUp(best.found.bound)) best = { found, multipliers };
  }
  const near =
    model.kind === "linear" && !clause.slope
      ? [...(best === undefined ? [] : [best.found.input]), ...(proposal.near?.() ?? [])]
      : [];
  const counterexample = findCounterexample(model, clause, near);
  const status = counterexample === undefined ? "unknown" : "violated";
  const { lambda, rows } = best?.multipliers ?? { lambda: atoms.map(() => 0), rows: [] };
  const bound = best === undefined ? Number.MAX_VALUE : roundUp(best.found.bound);
  return {
    proof: proofOf(model, clause, status, "exact", { lambda, rows }, bound, best?.found),
    counterexample,
    reason: counterexample === undefined ? whyUnknown(model, bound) : undefined,
  };
}

function whyUnknown(model: Model, bound: number): string {
  if (model.kind === "network")
    return `interval bounds reach ${bound.toPrecision(3)}; they are loose: certifyWithSolver decides by mixed-integer programming`;
  return `the bound ${bound.toPrecision(3)} is not below 0, but no input breaks the rule: it may fail only at the border of a strict condition, between integers, or by less than can be told`;
}

function proofOf(
  model: Model,
  clause: Clause,
  status: CertificateStatus,
  method: ClauseProof["method"],
  multipliers: Multipliers,
  bound: number,
  found?: ExactBound,
  floatSafe = false,
): ClauseProof {
  const shown = model.kind === "linear" && !clause.slope && found !== undefined;
  return {
    status,
    bound,
    method,
    multipliers,
    worstInput: shown ? decode(model.domain, found.input) : {},
    floatSafe,
  };
}

const WORST_FIRST: readonly CertificateStatus[] = ["violated", "unknown", "certified"];

/** Puts the decisions of clauses together, rule by rule. */
export function certificateOf(
  model: Model,
  rules: readonly Rule[],
  clauses: readonly Clause[],
  decisions: readonly Decision[],
): Certificate {
  const ofRule = new Map<Rule, Decision[]>();
  for (const [i, decision] of decisions.entries()) {
    const { rule } = clauses[i]!;
    const own = ofRule.get(rule);
    if (own === undefined) ofRule.set(rule, [decision]);
    else own.push(decision);
  }
  const results = rules.map((rule): RuleResult => {
    const own = ofRule.get(rule) ?? [];
    const proofs = own.map(({ proof }) => proof);
    const worst = proofs.reduce<ClauseProof | undefined>(
      (a, b) => (a === undefined || b.bound > a.bound ? b : a),
      undefined,
    );
    const bound = worst?.bound ?? Number.MIN_SAFE_INTEGER;
    const counterexample = own.find((decision) => decision.counterexample !== undefined)?.counterexample;
    const reason = own.find((decision) => decision.reason !== undefined)?.reason;
    const status = WORST_FIRST.find((s) => proofs.some((proof) => proof.status === s)) ?? "certified";
    return {
      rule: rule.name,
      status,
      bound,
      slack: 0 - bound,
      ...(worst === undefined ? {} : { worstInput: worst.worstInput }),
      ...(counterexample === undefined ? {} : { counterexample }),
      ...(status === "unknown" && reason !== undefined ? { reason } : {}),
      clauses: proofs,
    };
  });
  const status = WORST_FIRST.find((s) => results.some((result) => result.status === s)) ?? "certified";
  return {
    format: "fpx-certificate",
    version: 1,
    model: digestOf(model),
    rules: digestOf(rules),
    domain: model.domain,
    status,
    ok: status === "certified",
    results,
  };
}

/** Digest of a model or of rules, by their JSON. */
export const digestOf = (value: unknown): string => fingerprint(JSON.parse(JSON.stringify(value)));
