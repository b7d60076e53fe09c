import { InvalidInput } from "../core/errors.ts";
import { fingerprint } from "../core/index.ts";
import type {
  Certificate,
  CertificateStatus,
  ClauseProof,
  Counterexample,
  RuleResult,
} from "./certificate.ts";
import { type Clause, compileRules } from "./compile.ts";
import { findCounterexample } from "./counterexample.ts";
import { type Domain, decode } from "./domain.ts";
import { add, exact, roundUp, sign } from "./dyadic.ts";
import {
  type ExactBound,
  exactBound,
  type Head,
  type Multipliers,
  proves,
  provesEmpty,
} from "./exact-bound.ts";
import { type Model, requireSameDomain } from "./model.ts";
import { headOf } from "./network-bounds.ts";
import type { Rule } from "./rules.ts";
import { worstCase } from "./worst-case.ts";

/** A clause decided: its proof, and the input that breaks it if there is one. */
export interface Decision {
  readonly proof: ClauseProof;
  readonly counterexample?: Counterexample | undefined;
  readonly reason?: string | undefined;
}

/**
 * Decides whether the model keeps every rule for every input of its domain: in exact arithmetic on the stored
 * doubles, without any solver for box regions; linear programmes only propose multipliers for the other ones.
 * Networks go through outward-rounded intervals; `certifyWithSolver` decides what these leave open.
 *
 * @throws InvalidInput for rules with unknown names, or when `domain` is not the model's.
 * @example if (!certify(model, rules).ok) process.exitCode = 3;
 */
export function certify(model: Model, rules: readonly Rule[], domain: Domain = model.domain): Certificate {
  requireSameDomain(model, domain);
  const { clauses } = compileRules(rules, model.domain, model.outputs);
  return certificateOf(
    model,
    rules,
    clauses,
    clauses.map((clause) => decide(model, clause)),
  );
}

/**
 * Checks a stored certificate by its own multipliers: no solver, not even for regions with half-spaces. Gives the
 * certificate that these prove, which is what was stored if nothing was changed.
 *
 * @throws InvalidInput (code CERTIFICATE_MISMATCH) when it is for another model, other rules or another domain.
 */
export function verifyCertificate(
  certificate: Certificate,
  model: Model,
  rules: readonly Rule[],
): Certificate {
  if (certificate.format !== "fpx-certificate" || certificate.version !== 1)
    throw new InvalidInput("this is no fpx certificate of version 1");
  requireSameDomain(model, certificate.domain);
  for (const [what, value] of [
    ["model", model],
    ["rules", rules],
  ] as const)
    if (certificate[what] !== digestOf(value))
      throw new InvalidInput(`the certificate is for another ${what}: certify again`, {
        code: "CERTIFICATE_MISMATCH",
      });
  const { clauses } = compileRules(rules, model.domain, model.outputs);
  const proofs = certificate.results.flatMap((result) => result.clauses);
  if (proofs.length !== clauses.length)
    throw new InvalidInput("the certificate does not cover the rules: certify again", {
      code: "CERTIFICATE_MISMATCH",
    });
  return certificateOf(
    model,
    rules,
    clauses,
    clauses.map((clause, i) => decide(model, clause, [proofs[i]!.multipliers])),
  );
}

/** Digest of a model or of rules, by their JSON. */
export const digestOf = (value: unknown): string => fingerprint(JSON.parse(JSON.stringify(value)));

/** Decides one clause, by the given multipliers or by those that are found. */
export function decide(model: Model, clause: Clause, given?: readonly Multipliers[]): Decision {
  const head = headOf(model, clause);
  const { atoms } = clause;
  const proposals = given ?? propose(head);
  let best: { readonly found: ExactBound; readonly multipliers: Multipliers } | undefined;
  for (const multipliers of proposals) {
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
  const near = model.kind === "linear" && !clause.slope ? [best?.found.input, worstCase(head).input] : [];
  const counterexample = findCounterexample(
    model,
    clause,
    near.filter((input) => input !== undefined),
  );
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

/** Multipliers worth trying, the likeliest first. */
function propose(head: Head): readonly Multipliers[] {
  const { atoms, region } = head;
  const none = region.rows.map(() => 0);
  const units = atoms.map((_, j) => ({ lambda: atoms.map((_, k) => Number(j === k)), rows: none }));
  if (atoms.length === 1 && region.rows.length === 0) return units;
  const { multipliers, empty } = worstCase(head);
  if (empty) return [multipliers];
  // Multipliers of exact rules are often short fractions, which the programme meets up to its tolerance.
  const rounded = (value: number): number => Math.round(value * 2 ** 20) / 2 ** 20;
  const snapped = { lambda: multipliers.lambda.map(rounded), rows: multipliers.rows.map(rounded) };
  return [multipliers, snapped, ...units];
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
  const results = rules.map((rule): RuleResult => {
    const own = decisions.filter((_, i) => clauses[i]!.rule === rule);
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
