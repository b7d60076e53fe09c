/** A loan score that keeps the bank's rules for every applicant, with a certificate; and one that does not. */
import { certify, domain, fitConstrained, forAll, monotone, predict, when } from "fpx/constraints";
import { createRng } from "fpx/random";

// What an application may say, in the units of the form.
const applicants = domain({
  income: [0, 200],
  credit: { binary: true },
  purpose: { categories: ["car", "home", "other"] },
});
type Names = "income" | "credit" | "score";

const rules = [
  forAll<Names>((x) => when(x.credit.eq(0), x.income.lt(40)).then(x.score.lt(0)), { name: "no-credit" }),
  monotone("score", "income", "increasing"),
  monotone("score", "credit", "increasing"),
];

// Past decisions; some were made against the rules.
const uniform = createRng(7)
  .stream("applicants")
  .uniforms(4 * 400);
const X = Array.from({ length: 400 }, (_, r) => ({
  income: 200 * uniform[4 * r]! ** 2,
  credit: Number(uniform[4 * r + 1]! < 0.7),
  purpose: ["car", "home", "other"][Math.floor(3 * uniform[4 * r + 2]!)]!,
}));
const y = X.map(({ income, credit }, r) => Number(income / 100 + 0.3 * credit + uniform[4 * r + 3]! > 0.7));

const free = await fitConstrained({ X, y, domain: applicants, constraints: [], task: "logistic" });
const { status, results } = certify(free.model, rules);
console.log(`from data alone: ${status}`);
for (const { rule, counterexample } of results)
  if (counterexample) console.log(`  "${rule}" is broken by ${JSON.stringify(counterexample.inputs[0])}`);

const { model, certificate } = await fitConstrained({
  X,
  y,
  domain: applicants,
  constraints: rules,
  task: "logistic",
});
console.log(`under the rules: ${certificate.status}`);
for (const { rule, slack } of certificate.results)
  console.log(`  "${rule}" holds with ${slack.toPrecision(3)} to spare`);
console.log(
  "a car buyer with 120 and a clean record:",
  predict(model, { income: 120, credit: 1, purpose: "car" }).label,
);
