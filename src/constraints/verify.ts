import { InvalidInput } from "../core/errors.ts";
import type { Certificate, ClauseProof } from "./certificate.ts";
import { compileRules } from "./compile.ts";
import { certificateOf, digestOf, judge } from "./judge.ts";
import { checkModel, type Model, requireSameDomain } from "./model.ts";
import { headOf } from "./network-bounds.ts";
import type { Rule } from "./rules.ts";

/**
 * Checks a stored certificate by its own multipliers: no solver, not even for regions with half-spaces. Gives the
 * certificate that these prove, which is what was stored if nothing was changed.
 *
 * This path imports no solver and no code that trains.
 *
 * @throws InvalidInput when it is no certificate; code CERTIFICATE_MISMATCH when it is for another model or other rules,
 * DOMAIN_MISMATCH for another domain.
 */
export function verifyCertificate(
  certificate: Certificate,
  model: Model,
  rules: readonly Rule[],
): Certificate {
  if (certificate?.format !== "fpx-certificate" || certificate.version !== 1 || !certificate.domain)
    throw new InvalidInput("this is no fpx certificate of version 1");
  checkModel(model);
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
  const proofs = proofsOf(certificate);
  if (proofs.length !== clauses.length)
    throw new InvalidInput("the certificate does not cover the rules: certify again", {
      code: "CERTIFICATE_MISMATCH",
    });
  return certificateOf(
    model,
    rules,
    clauses,
    clauses.map((clause, i) =>
      judge(model, clause, headOf(model, clause), { multipliers: [proofs[i]!.multipliers] }),
    ),
  );
}

/** The proofs of all clauses, in order. A certificate may come from a file: nothing is taken for granted. */
function proofsOf({ results }: Certificate): readonly ClauseProof[] {
  const numbers = (values: unknown): boolean => Array.isArray(values) && values.every(Number.isFinite);
  const proofs = Array.isArray(results) ? results.flatMap((result) => result?.clauses ?? []) : [];
  if (!proofs.every((proof) => numbers(proof?.multipliers?.lambda) && numbers(proof.multipliers.rows)))
    throw new InvalidInput("the certificate's multipliers are damaged: certify again");
  return proofs;
}
