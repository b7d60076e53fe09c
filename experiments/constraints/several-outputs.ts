import type { Oracle } from "fpx";
import {
  allOf,
  anyOf,
  certify,
  domain,
  dominance,
  evaluate,
  fitConstrained,
  fitUnconstrained,
  forAll,
  not,
  postProcess,
  predict,
  sum,
} from "fpx/constraints";
import { createRng } from "fpx/random";
import { answersOf, type Row } from "../reproduction.ts";
import { loanTable } from "./loan.ts";
import { mean, seedsFrom, timed, verdict } from "./summary.ts";

const TARGETS = ["food", "rent", "travel", "health", "goingOut"];
const FEATURES = 13;

/** Expenses of made-up families: together they may not exceed the income, going out no more than a twentieth of it. */
function expenseTable(seed: number, rows: number) {
  const rng = createRng(seed);
  const uniform = rng.stream("families").uniforms(rows * FEATURES);
  const shares = TARGETS.map((_, k) => rng.stream("shares", k).uniforms(FEATURES));
  const noise = rng.stream("noise").normals(rows * TARGETS.length);
  const X = Array.from({ length: rows }, (_, r) =>
    uniform.slice(r * FEATURES, (r + 1) * FEATURES).map((u) => 100 * u),
  );
  const y = Object.fromEntries(
    TARGETS.map((name, k) => [
      name,
      X.map((x, r) => {
        const other =
          x.reduce((total, value, i) => total + (i === 0 ? 0 : value * shares[k]![i]!), 0) / FEATURES;
        const size = name === "goingOut" ? 0.25 : 1;
        return Math.max(0, size * (0.2 * x[0]! + 0.12 * other + 2 * noise[r * TARGETS.length + k]!));
      }),
    ]),
  );
  const features = Object.fromEntries(
    Array.from({ length: FEATURES }, (_, i) => [i === 0 ? "income" : `x${i}`, [0, 100] as const]),
  );
  const rules = [
    forAll((x) => sum(...TARGETS.map((name) => x.out(name))).le(x.in("income")), { name: "within income" }),
    forAll((x) => x.out("goingOut").le(x.in("income").times(0.05)), { name: "going out" }),
  ];
  return { X, y, domain: domain(features), rules };
}

/** Rows to learn from and rows to test with. */
function expenseParts(seed: number) {
  const { X, y, domain: where, rules } = expenseTable(seed, 1250);
  const cut = 1000;
  const part = (from: number, to: number) => ({
    X: X.slice(from, to),
    y: Object.fromEntries(TARGETS.map((name) => [name, y[name]!.slice(from, to)])),
  });
  const options = { ...part(0, cut), domain: where, constraints: rules, task: "leastSquares" as const };
  return { options, rules, test: part(cut, X.length) };
}

/** Squared errors and broken rows of the free and the constrained model of one table. */
export const expenses: Oracle<
  number,
  {
    readonly free: number;
    readonly freeBroken: number;
    readonly kept: number;
    readonly keptBroken: number;
    readonly repaired: number;
    readonly ok: boolean;
  }
> = {
  name: "expenses",
  async answer(seed) {
    const { options, rules, test } = expenseParts(seed);
    const free = fitUnconstrained(options);
    const kept = await fitConstrained(options);
    const score = (model: typeof free, predictor?: ReturnType<typeof postProcess>) =>
      evaluate(model, rules, test.X, test.y, predictor);
    return {
      free: score(free).plain.squaredErrorSum,
      freeBroken: score(free).violations,
      kept: score(kept.model).plain.squaredErrorSum,
      keptBroken: score(kept.model).violations,
      repaired: score(free, postProcess(free, rules)).plain.squaredErrorSum,
      ok: kept.certificate.ok,
    };
  },
};

/** Joint rules over five outputs. */
export const expense: Row = {
  id: "expense",
  title: "Five expenses that may not exceed the income",
  async run(context) {
    const { quick, seed } = context;
    const seeds = seedsFrom(seed, quick ? 2 : 10);
    const rows = await answersOf(context, expenses, seeds);
    // Alone, and with all code compiled.
    const { options } = expenseParts(seed);
    await fitConstrained(options);
    const { milliseconds } = await timed(() => fitConstrained(options));
    const average = (value: (row: (typeof rows)[number]) => number): number => mean(rows.map(value));
    return {
      claims: [
        {
          id: "expense-admissible",
          claim:
            "rules over several outputs hold for every input, where least squares breaks them on most rows",
          published: "0 violations; unconstrained least squares breaks them on 85 % of the published rows",
          measured: `${rows.filter(({ ok }) => ok).length} of ${rows.length} certified; least squares breaks them on ${(100 * average((r) => r.freeBroken)).toFixed(0)} % of test rows`,
          verdict: verdict(
            rows.every(({ ok, keptBroken }) => ok && keptBroken === 0) && average((r) => r.freeBroken) > 0.5,
          ),
          seeds,
        },
      ],
      tables: [
        {
          caption: "Means; squared errors summed over outputs, on test rows",
          columns: ["model", "squared error", "rows that break a rule"].map((label) => ({ label })),
          rows: [
            ["least squares", average((r) => r.free), average((r) => r.freeBroken)],
            ["least squares, each prediction repaired", average((r) => r.repaired), 0],
            [`exact (${milliseconds.toFixed(0)} ms)`, average((r) => r.kept), average((r) => r.keptBroken)],
          ],
        },
      ],
      plots: [],
      notes: [
        "The published expense data may not be shipped: families are made up.",
        "Repairing each prediction keeps these rules too, at run time and without a certificate of the model.",
      ],
    };
  },
};

/** Whether the free and the constrained model of one table keep the rule, and their log-losses. */
export const twoClasses: Oracle<
  number,
  {
    readonly freeBroken: boolean;
    readonly kept: boolean;
    readonly freeLoss: number;
    readonly keptLoss: number;
  }
> = {
  name: "twoClasses",
  async answer(seed) {
    const { domain: where, train } = loanTable(seed, 8);
    const labels = train.y.map((label, r) =>
      label === 1 ? "granted" : train.X[r]![2]! < 0.3 ? "refused" : "asked",
    );
    const rule = dominance("refused", "asked");
    const options = {
      X: train.X,
      y: labels,
      domain: where,
      constraints: [rule],
      task: "oneVsRest" as const,
    };
    const free = fitUnconstrained(options);
    const fit = await fitConstrained(options);
    const loss = (model: typeof free): number => evaluate(model, [], train.X, labels).plain.logLoss;
    return {
      freeBroken: !certify(free, [rule]).ok,
      kept: fit.certificate.ok,
      freeLoss: loss(free),
      keptLoss: loss(fit.model),
    };
  },
};

/** One label may never be likelier than another. */
export const labelDominance: Row = {
  id: "dominance",
  title: "Label dominance: one score stays below another for every input",
  async run(context) {
    const { quick, seed } = context;
    const seeds = seedsFrom(seed, quick ? 3 : 10);
    const rows = await answersOf(context, twoClasses, seeds);
    const kept = rows.filter((row) => row.kept).length;
    const broken = rows.filter((row) => row.freeBroken).length;
    const losses = {
      kept: mean(rows.map(({ keptLoss }) => keptLoss)),
      free: mean(rows.map(({ freeLoss }) => freeLoss)),
    };
    return {
      claims: [
        {
          id: "dominance-kept",
          claim: "a rule between two classes holds for every input",
          published: "expressible, and kept",
          measured: `${kept} of ${seeds.length} certified, free models break it in ${broken}; log-loss ${losses.kept.toFixed(3)} against ${losses.free.toFixed(3)}`,
          verdict: verdict(kept === seeds.length && broken >= 0.9 * seeds.length),
          seeds,
        },
      ],
      tables: [],
      plots: [],
      notes: [],
    };
  },
};

const SQUARE = domain({ a: [0, 1], b: [0, 1] });
const both = (x: Parameters<Parameters<typeof forAll>[0]>[0]) =>
  [x.out("f").gt(0), x.out("g").gt(0)] as const;
const EXACTLY_ONE = forAll(
  (x) => {
    const [f, g] = both(x);
    return anyOf(allOf(f, not(g)), allOf(not(f), g));
  },
  { name: "exactly one" },
);
const AT_LEAST_ONE = forAll((x) => anyOf(...both(x)), { name: "at least one" });

/** How many label sets a model gives under each rule, and how often fitting warns that it is constant. */
export const labelSets: Oracle<
  number,
  { readonly exactlyOne: number; readonly atLeastOne: number; readonly warnings: number }
> = {
  name: "labelSets",
  async answer(seed) {
    const uniform = createRng(seed).stream("inputs").uniforms(400);
    const X = Array.from({ length: 200 }, (_, r) => [uniform[2 * r]!, uniform[2 * r + 1]!]);
    const y = { f: X.map(([a, b]) => a! + b! - 1), g: X.map(([a, b]) => 1 - a! - b!) };
    const under = async (rule: typeof EXACTLY_ONE) => {
      const { model, warnings } = await fitConstrained({
        X,
        y,
        domain: SQUARE,
        constraints: [rule],
        task: "leastSquares",
        outputs: ["f", "g"],
      });
      const sets = X.map((x) =>
        Object.values(predict(model, x).scores)
          .map((score) => score > 0)
          .join(),
      );
      const warned = warnings.some(({ code }) => code === "CONSTANT_MODEL");
      return { sets: new Set(sets).size, warned: Number(warned) };
    };
    const [one, more] = [await under(EXACTLY_ONE), await under(AT_LEAST_ONE)];
    return { exactlyOne: one.sets, atLeastOne: more.sets, warnings: one.warned + more.warned };
  },
};

/** Why "exactly one label" makes a model constant. */
export const antichain: Row = {
  id: "antichain",
  title: 'Rules such as "exactly one label" force a constant model',
  async run(context) {
    const { quick, seed } = context;
    const seeds = seedsFrom(seed, quick ? 3 : 10);
    const rows = await answersOf(context, labelSets, seeds);
    const constant = rows.filter(({ exactlyOne }) => exactlyOne === 1).length;
    const free = rows.filter(({ atLeastOne }) => atLeastOne > 1).length;
    const warned = rows.reduce((sum, { warnings }) => sum + warnings, 0);
    return {
      claims: [
        {
          id: "antichain-constant",
          claim:
            'a model that keeps "exactly one label" for every input gives the same label to all (corrected claim: the published preference models cannot be more than that)',
          published: "25 of 25 published models give one fixed ranking",
          measured: `${constant} of ${seeds.length} constant under "exactly one", ${free} of ${seeds.length} varying under "at least one"; ${warned} warnings`,
          verdict: verdict(constant === seeds.length && free === seeds.length && warned === seeds.length),
          seeds,
        },
      ],
      tables: [],
      plots: [],
      notes: [
        "Outputs are continuous: on the way from one label set to another, neither part of the other, some input would have a third one.",
      ],
    };
  },
};
