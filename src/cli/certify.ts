/** `fpx certify`: does a model keep rules for every input of its domain? */
import { basename } from "node:path";
import type { Command } from "commander";
import { certifyWithSolver, compileRules, domain, parseModel, parseRules } from "../constraints/index.ts";
import { InvalidInput } from "../core/errors.ts";
import { certificateReport, printCertificate } from "./certificate-report.ts";
import type { Cli } from "./cli.ts";
import { refuseOverwrite, writeOutput } from "./files.ts";
import { readText } from "./fit-table.ts";
import { type RecordFlags, recorded, recordOptions } from "./recording.ts";
import { placingRules } from "./rule-places.ts";

interface CertifyFlags extends RecordFlags {
  readonly rules: string;
  readonly certificate?: string;
  readonly report?: string;
  readonly force?: boolean;
  readonly json?: boolean;
}

/** Adds options of `fpx certify`. */
export function defineCertify(command: Command, cli: Cli): void {
  recordOptions(command, cli)
    .description(
      "Check, in exact arithmetic on the stored numbers, whether a model keeps the rules for every input of its domain. Ends with 0 when certified, 3 when violated (with an input that breaks a rule, in raw units), 4 when unknown.",
    )
    .argument("<model>", "a model file, as fpx fit writes it")
    .requiredOption("--rules <file>", "rules in YAML or JSON")
    .option("--certificate <file>", "where to write the certificate as JSON")
    .option("--report <file>", "where to write the certificate as HTML")
    .option("--force", "replace existing files")
    .option("--json", "print JSON")
    .addHelpText("after", "\nExample:\n  $ fpx certify model.json --rules rules.yaml && ./deploy.sh\n")
    .action((model: string, flags: CertifyFlags) => certify(model, flags, cli));
}

async function certify(path: string, flags: CertifyFlags, cli: Cli): Promise<void> {
  for (const output of [flags.certificate, flags.report])
    if (output !== undefined) await refuseOverwrite(output, flags.force ?? false);
  const model = parseModel(await readText(path));
  const file = await parseRules(await readText(flags.rules), flags.rules);
  const { rules, domain: specs } = file;
  if (rules.length === 0)
    throw new InvalidInput(`${flags.rules} has no rules, so there is nothing to certify: give at least one`);
  for (const [name, spec] of Object.entries(specs)) {
    const own = model.domain.features[name];
    if (
      own === undefined ||
      JSON.stringify(domain({ f: own }).columns) !== JSON.stringify(domain({ f: spec }).columns)
    )
      throw new InvalidInput(
        `${flags.rules} gives "${name}" as ${JSON.stringify(spec)}, but ${path} was made for ${JSON.stringify(own) ?? "a domain without it"}: fit it again on this domain`,
        { code: "DOMAIN_MISMATCH" },
      );
  }
  const { warnings } = await placingRules(file, async () => compileRules(rules, model.domain, model.outputs));
  for (const { message } of warnings) cli.note(`warning: ${message}`);
  const run = { name: `certify ${basename(path)}`, command: "certify" };
  const { certificate } = await recorded(flags, run, async ({ keepCertificate }) => {
    const certificate = await placingRules(file, () => certifyWithSolver(model, rules));
    await keepCertificate(basename(path), certificate);
    return { status: "done", steps: 0, calls: 0, summary: { status: certificate.status }, certificate };
  });
  if (flags.certificate !== undefined)
    await writeOutput(flags.certificate, `${JSON.stringify(certificate, null, 1)}\n`);
  if (flags.report !== undefined) await writeOutput(flags.report, certificateReport(certificate, model));
  await cli.print(flags.json ? `${JSON.stringify(certificate)}\n` : printCertificate(certificate));
  if (certificate.status !== "certified") cli.setExitCode(certificate.status === "violated" ? 3 : 4);
}
