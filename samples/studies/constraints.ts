/**
 * A loan score that keeps the bank's rules for every applicant, by the search of SaDe: every point on its way keeps
 * them. Run it: fpx run study.ts. Then put in rules and decisions of your own; fitConstrained finds the best such
 * score at once.
 */
import { defineStudy } from "fpx";
import { domain, forAll, monotone, sadeSearch, when } from "fpx/constraints";
import { createRng } from "fpx/random";

const applicants = domain({ income: [0, 200], debt: [0, 50], credit: { binary: true } });
type Names = "income" | "debt" | "credit" | "score";

const rules = [
  forAll<Names>((x) => when(x.credit.eq(0), x.income.lt(40)).then(x.score.lt(0)), { name: "no-credit" }),
  monotone("score", "income", "increasing"),
  monotone("score", "debt", "decreasing"),
];

// Past decisions; some were made against the rules.
const uniform = createRng(7)
  .stream("applicants")
  .uniforms(4 * 100);
const X = Array.from({ length: 100 }, (_, r) => ({
  income: 200 * uniform[4 * r]! ** 2,
  debt: 50 * uniform[4 * r + 1]!,
  credit: Number(uniform[4 * r + 2]! < 0.7),
}));
const y = X.map(({ income, debt, credit }, r) =>
  Number(income / 100 - debt / 100 + 0.3 * credit + uniform[4 * r + 3]! > 0.7),
);

export default defineStudy({
  name: "loan",
  ...(await sadeSearch({
    X,
    y,
    domain: applicants,
    constraints: rules,
    task: "logistic",
    sade: { epochs: 2 },
  })),
  seed: 1,
});
