import { describe, expect, it } from "vitest";
import { loanTable } from "../../../experiments/constraints/loan.ts";
import { runSync } from "../../core/index.ts";
import { createRng } from "../../random/index.ts";
import { compileRules } from "../compile.ts";
import { domain } from "../domain.ts";
import { shapeOf } from "../eliminate.ts";
import { fitConstrained, prepareFit } from "../fit.ts";
import { loadHighs } from "../milp.ts";
import { forAll } from "../rules.ts";
import { tableOf } from "../table.ts";
import { milpMaxsat } from "./maxsat-milp.ts";
import { type Strategy, z3Maxsat } from "./maxsat-z3.ts";
import { type MaxsatProblem, type MaxsatQuery, softConstraints } from "./query.ts";
import { type SadeProblem, sade, searchBox } from "./sade.ts";
import { startZ3 } from "./z3.ts";

const box = (size: number, low: number, high: number): MaxsatQuery => ({
  rows: [],
  lower: new Float64Array(size).fill(low),
  upper: new Float64Array(size).fill(high),
  excluded: new Float64Array(),
});

/** Random wishes on a loan-like table in a random box. */
function randomProblem(seed: number, columns: number): { problem: MaxsatProblem; query: MaxsatQuery } {
  const { domain: where, rules, train } = loanTable(seed, columns);
  const { problem, examples } = prepareFit({ ...train, domain: where, constraints: rules, task: "logistic" });
  const table = tableOf(where, examples);
  const start = createRng(seed)
    .stream("start")
    .normals(columns + 1);
  return {
    problem: {
      shapes: problem.clauses.map((clause) => shapeOf(clause, where)),
      margin: 1e-4,
      table,
      soft: softConstraints(table, "logistic", [0, 1]),
    },
    query: {
      rows: [0, 1, 2, 3, 4].map((row) => row + 5 * seed),
      lower: start.map((w) => w - 1.5),
      upper: start.map((w) => w + 0.5),
      excluded: new Float64Array(),
    },
  };
}

describe("MaxSMT", () => {
  it("keeps two of w > 2, w < 1, w < 0.5; core removal at most one", async () => {
    const where = domain({ x: [0, 1] });
    const table = tableOf(where, {
      raw: [Float64Array.of(0)],
      outputs: ["f"],
      targets: [Float64Array.of(0)],
    });
    // f at x = 0 is the bias: the wishes are about that weight alone.
    const problem: MaxsatProblem = {
      shapes: [],
      margin: 0,
      table,
      soft: () => [
        { output: 0, row: 0, low: 2, high: Number.POSITIVE_INFINITY },
        { output: 0, row: 0, low: Number.NEGATIVE_INFINITY, high: 1 },
        { output: 0, row: 0, low: Number.NEGATIVE_INFINITY, high: 0.5 },
      ],
    };
    const query = { ...box(2, 0, 3), rows: [0] };
    expect((await milpMaxsat(problem, await loadHighs())(query)).satisfied).toBe(2);
    expect((await (await z3Maxsat(problem, { strategy: "optimal" }))(query)).satisfied).toBe(2);
    expect((await (await z3Maxsat(problem, { strategy: "fu-malik" }))(query)).satisfied).toBe(2);
    const removed = await (await z3Maxsat(problem, { strategy: "core-removal" }))(query);
    expect(removed.status).toBe("sat");
    expect(removed.satisfied).toBeLessThanOrEqual(1);
  });

  it("has one optimum, by MILP, Z3's optimiser and Fu-Malik; core removal stays below", async () => {
    const [highs, z3] = [await loadHighs(), await startZ3()];
    const solvers = (problem: MaxsatProblem, strategy: Strategy) => z3Maxsat(problem, { strategy }, z3);
    for (let seed = 0; seed < 24; seed++) {
      const { problem, query } = randomProblem(seed, 5 + (seed % 4));
      const answers = [
        await milpMaxsat(problem, highs)(query),
        await (await solvers(problem, "optimal"))(query),
        ...(seed < 7 ? [await (await solvers(problem, "fu-malik"))(query)] : []),
      ];
      const [first] = answers;
      for (const answer of answers) {
        expect(answer.status, `seed ${seed}`).toBe(first!.status);
        expect(answer.satisfied, `seed ${seed}`).toBe(first!.satisfied);
      }
      const removed = await (await solvers(problem, "core-removal"))(query);
      expect(removed.satisfied).toBeLessThanOrEqual(first!.satisfied);
    }
  }, 240_000);

  it("tells satisfiable from unsatisfiable rules under quantifiers", async () => {
    const where = domain({ x: [0, 1] });
    const table = tableOf(where, {
      raw: [Float64Array.of(0)],
      outputs: ["f", "g"],
      targets: [Float64Array.of(0), Float64Array.of(0)],
    });
    const either = forAll((x) => ({ op: "or", of: [x.out("f").gt(0), x.out("g").gt(0)] }));
    const falls = forAll((x) => ({ op: "or", of: [x.in("x").lt(1), x.out("f").le(0)] }));
    const rises = forAll((x) => ({ op: "or", of: [x.in("x").gt(0), x.out("f").gt(0)] }));
    const notBoth = forAll((x) => ({ op: "or", of: [x.out("f").le(0), x.out("g").le(0)] }));
    const solve = async (rules: ReturnType<typeof forAll>[]) => {
      const shapes = compileRules(rules, where, ["f", "g"]).clauses.map((clause) => shapeOf(clause, where));
      const problem: MaxsatProblem = { shapes, margin: 1e-3, table, soft: () => [] };
      const maxsat = await z3Maxsat(problem, {
        strategy: "core-removal",
        quantified: true,
        timeoutMs: 10_000,
      });
      return (await maxsat(box(4, -5, 5))).status;
    };
    // One output must fall through 0 while exactly one is positive: the antichain theorem says no.
    expect(await solve([either, notBoth, falls, rises])).toBe("unsat");
    expect(await solve([either, falls, rises])).toBe("sat");
  });
});

describe("SaDe", () => {
  it("searches on the side of the negative gradient", () => {
    const { lower, upper } = searchBox(Float64Array.of(1, 1, 1), Float64Array.of(2, -3, 0), 0.5, 100);
    expect([...lower]).toEqual([0.5, 1, 0.5]);
    expect([...upper]).toEqual([1, 1.5, 1]);
  });

  it("never fails in a closed box, and every point on its way is admissible", async () => {
    const { domain: where, rules, train } = loanTable(2, 6);
    const { problem, examples } = prepareFit({
      ...train,
      domain: where,
      constraints: rules,
      task: "logistic",
    });
    const table = tableOf(where, examples);
    const solve = milpMaxsat(
      {
        shapes: problem.clauses.map((clause) => shapeOf(clause, where)),
        margin: 1e-6,
        table,
        soft: softConstraints(table, "logistic", [0, 1]),
      },
      await loadHighs(),
    );
    let asked = 0;
    const sadeProblem: SadeProblem = {
      fingerprint: "loan",
      rows: table.rows,
      loss: problem.loss,
      maxsat: { name: "maxsat", answer: (query) => solve(query) as Awaited<ReturnType<typeof solve>> },
      clauses: 1,
      check: {
        name: "check",
        answer: (_, weights) => {
          asked++;
          // credit 0, income at most 0.4
          const worst =
            weights[0]! +
            weights
              .slice(1)
              .reduce((sum, w, i) => sum + (i === 4 ? 0 : Math.max(0, w * (i === 0 ? 0.4 : 1))), 0);
          expect(worst).toBeLessThan(0);
          return worst < 0;
        },
      },
    };
    const { result, steps } = runSync(sade({ stopEarly: false, epochs: 6 }), sadeProblem, {
      seed: 1,
      stop: { maxSteps: 500 },
    });
    expect(steps).toBe(500);
    expect(asked).toBe(500);
    expect(result).toMatchObject({ unsat: 0, unknown: 0, rejected: 0, accepted: 500, stalls: 0 });
  }, 240_000);

  it("never fails in a closed box by Z3 either, though its fractions are rounded", async () => {
    const { domain: where, rules, train } = loanTable(1, 5);
    const { certificate, search } = await fitConstrained({
      X: train.X.slice(0, 40),
      y: train.y.slice(0, 40),
      domain: where,
      constraints: rules,
      task: "logistic",
      solver: "sade",
      sade: { backend: "z3", epochs: 2 },
    });
    expect(certificate.ok).toBe(true);
    expect(search).toMatchObject({ unsat: 0, unknown: 0, rejected: 0, accepted: 16 });
  }, 120_000);

  it("reports a stall of the half-open box at the limit of the weights", () => {
    const problem: SadeProblem = {
      fingerprint: "limit",
      rows: 5,
      loss: {
        size: 1,
        quadratic: true,
        value: (x) => x[0]!,
        derivatives: (_, gradient) => void (gradient[0] = 1),
      },
      maxsat: {
        name: "maxsat",
        // Whoever asks for less than the limit gets nothing, and above it neither: K allows -100 alone.
        answer: ({ lower, excluded }) =>
          lower[0]! <= -100 && excluded[0] !== -100
            ? { status: "sat", weights: Float64Array.of(-100), satisfied: 0, timedOut: false }
            : { status: "unsat", weights: new Float64Array(), satisfied: 0, timedOut: false },
      },
      clauses: 0,
      check: { name: "check", answer: () => true },
    };
    const { status, result, steps } = runSync(sade({ box: "halfOpen", epochs: 1000 }), problem, { seed: 1 });
    expect(status).toBe("stalled");
    expect(steps).toBeLessThan(30);
    expect(result.stalls).toBe(8);
    expect(runSync(sade({ box: "closed", epochs: 1000 }), problem, { seed: 1 }).status).toBe("converged");
  });

  it("does not beat the exact optimum", async () => {
    const { domain: where, rules, train } = loanTable(6, 6);
    const options = { ...train, domain: where, constraints: rules, task: "logistic" as const };
    const [exact, searched] = [
      await fitConstrained(options),
      await fitConstrained({ ...options, solver: "sade", sade: { epochs: 1 } }),
    ];
    expect(searched.certificate.status).toBe("certified");
    expect(searched.search).toMatchObject({ status: "converged", unsat: 0, unknown: 0, rejected: 0 });
    const stop = fitConstrained({
      ...options,
      solver: "sade",
      signal: AbortSignal.abort(new Error("enough")),
    });
    await expect(stop).rejects.toThrow("enough");
    const later = new AbortController();
    const running = fitConstrained({ ...options, solver: "sade", signal: later.signal });
    setTimeout(() => later.abort());
    await expect(running).rejects.toMatchObject({ code: "CANCELLED" });
    expect(exact.loss).toBeLessThanOrEqual(searched.loss + 1e-4);
  });
});
