import { describe, expect, it } from "vitest";
import { loanTable } from "../../experiments/constraints/loan.ts";
import { createRng } from "../random/index.ts";
import { certify } from "./certify.ts";
import { compileRules } from "./compile.ts";
import { InfeasibleRules } from "./conflict.ts";
import { domain } from "./domain.ts";
import { sum } from "./expression.ts";
import { fitConstrained, prepareFit } from "./fit.ts";
import { allOf, anyOf, not } from "./formula.ts";
import { minimise } from "./interior-point.ts";
import { type LinearModel, linearModel, parseModel, predict } from "./model.ts";
import { projectToBox } from "./projection.ts";
import { argmaxIn, dominance, effectDominance, forAll, independent, monotone, range, when } from "./rules.ts";
import { verifyCertificate } from "./verify.ts";

describe("projection", () => {
  it("meets the printed cases", () => {
    const near = (a: Float64Array, b: number[]) => b.map((value, i) => expect(a[i]).toBeCloseTo(value, 12));
    near(projectToBox(Float64Array.of(0, 1, 1), [0, 0], [1, 1], 0), [-2 / 3, 1 / 3, 1 / 3]);
    near(projectToBox(Float64Array.of(0.5, 2, -3), [-1, 0], [1, 2], 0.1), [-0.8, 0.7, -3]);
  });

  it("agrees with the interior-point method", () => {
    for (let trial = 0; trial < 20; trial++) {
      const stream = createRng(5).stream("projection", trial);
      const point = stream.normals(7);
      const lower = stream.uniforms(6, 100).map((u) => -u);
      const upper = stream.uniforms(6, 200);
      // helpers p_i >= max(0, width w_i) after the share at the lower bound
      const rows = [];
      const total = { indices: [0], values: [1], bound: -0.3 };
      for (let i = 0; i < 6; i++) {
        rows.push({ indices: [7 + i], values: [-1], bound: 0 });
        rows.push({ indices: [1 + i, 7 + i], values: [upper[i]! - lower[i]!, -1], bound: 0 });
        total.indices.push(1 + i, 7 + i);
        total.values.push(lower[i]!, 1);
      }
      const distance = {
        size: 13,
        quadratic: true,
        value: (x: Float64Array) => point.reduce((s, p, j) => s + (x[j]! - p) ** 2 / 2, 0),
        derivatives(x: Float64Array, gradient: Float64Array, hessian: Float64Array) {
          gradient.fill(0);
          for (let j = 0; j < 7; j++) {
            gradient[j] = x[j]! - point[j]!;
            hessian[j * 13 + j]! += 1;
          }
        },
      };
      const { x } = minimise(distance, [...rows, total]);
      const projected = projectToBox(point, lower, upper, 0.3);
      for (let j = 0; j < 7; j++) expect(x[j]).toBeCloseTo(projected[j]!, 6);
    }
  });
});

describe("exact fits", () => {
  it("are the optimum that projected gradients find, with the active rule at the margin", async () => {
    const { domain: where, rules, train } = loanTable(3);
    const options = { ...train, domain: where, constraints: rules, task: "logistic" as const, margin: 1e-4 };
    const { model, loss, certificate } = await fitConstrained(options);
    expect(certificate.status).toBe("certified");
    expect(certificate.results[0]!.slack).toBeGreaterThanOrEqual(1e-4 - 1e-7);
    expect(certificate.results[0]!.slack).toBeLessThan(1e-4 + 1e-6);

    const { problem } = prepareFit(options);
    const size = problem.loss.size;
    const [lower, upper] = [new Float64Array(size - 1), new Float64Array(size - 1).fill(1)];
    upper[0] = 0.4;
    upper[4] = 0;
    let point = new Float64Array(size);
    let ahead = point;
    const gradient = new Float64Array(size);
    // The logistic loss has curvature at most |x|^2 / 4.
    const step = 4 / size;
    let momentum = 1;
    for (let t = 0; t < 60_000; t++) {
      problem.loss.derivatives(ahead, gradient, new Float64Array(size * size));
      const next = projectToBox(
        ahead.map((w, j) => w - step * gradient[j]!),
        lower,
        upper,
        1e-4,
      );
      const restart = gradient.reduce((s, g, j) => s + g * (next[j]! - point[j]!), 0) > 0;
      const following = restart ? 1 : (1 + Math.sqrt(1 + 4 * momentum ** 2)) / 2;
      const beta = restart ? 0 : (momentum - 1) / following;
      const moved = next.reduce((most, w, j) => Math.max(most, Math.abs(w - point[j]!)), 0);
      ahead = next.map((w, j) => w + beta * (w - point[j]!)) as Float64Array<ArrayBuffer>;
      point = next as Float64Array<ArrayBuffer>;
      momentum = following;
      if (moved < 1e-12) break;
    }
    expect(Math.abs(problem.loss.value(point) - loss)).toBeLessThan(1e-8);
    for (const [j, w] of point.entries()) expect(model.weights[0]![j]).toBeCloseTo(w, 3);
  });

  it("keep rules of every kind on several outputs", async () => {
    const where = domain({
      a: [0, 4],
      b: [-1, 1],
      kind: { categories: ["u", "v", "w"] },
      n: { min: 0, max: 3, integer: true },
    });
    const rng = createRng(9);
    const uniform = rng.stream("x").uniforms(4 * 300);
    const noise = rng.stream("noise").normals(2 * 300);
    const X = Array.from({ length: 300 }, (_, r) => ({
      a: 4 * uniform[4 * r]!,
      b: 2 * uniform[4 * r + 1]! - 1,
      kind: ["u", "v", "w"][Math.floor(3 * uniform[4 * r + 2]!)]!,
      n: Math.floor(4 * uniform[4 * r + 3]!),
    }));
    const y = {
      food: X.map(({ a, b }, r) => a - 2 * b + 0.1 * noise[2 * r]!),
      fun: X.map(({ a, n }, r) => 0.5 * a + n * 0.3 + 0.1 * noise[2 * r + 1]!),
    };
    const constraints = [
      forAll((x) => sum(x.out("food"), x.out("fun")).le(x.in("a").plus(1)), { name: "budget" }),
      monotone("food", "b", "increasing"),
      independent("fun", "b"),
      dominance("fun", "food"),
      range("fun", { from: -20, to: 2 }),
      ...effectDominance("fun", { feature: "n", sign: 1, range: 3 }, { feature: "a", sign: 1, range: 4 }),
      forAll((x) => when(x.in("kind").is("u"), x.in("a").plus(x.in("n")).le(3)).then(x.out("food").le(1)), {
        name: "split",
      }),
      forAll((x) => anyOf(x.out("food").lt(3), x.out("fun").lt(x.in("a"))), { name: "either" }),
    ];
    const { model, certificate } = await fitConstrained({
      X,
      y,
      domain: where,
      constraints,
      task: "leastSquares",
    });
    expect(certificate.results.map(({ rule, status }) => [rule, status])).toEqual(
      constraints.map(({ name }) => [name, "certified"]),
    );
    const place = where.columns.findIndex(({ name }) => name === "b");
    expect(model.weights[1]![place + 1]).toBe(0);
    expect(verifyCertificate(certificate, model, constraints).results).toEqual(certificate.results);
    const stored = parseModel(JSON.stringify(model));
    expect(verifyCertificate(JSON.parse(JSON.stringify(certificate)), stored, constraints).ok).toBe(true);
  });

  it("name the rules in conflict, and those alone", async () => {
    const where = domain({ a: [0, 1], b: [0, 1] });
    const constraints = [
      monotone("score", "b", "increasing"),
      forAll((x) => when(x.in("a").ge(0.9)).then(x.out("score").gt(1)), { name: "high" }),
      forAll((x) => when(x.in("b").le(0.5)).then(x.out("score").lt(2)), { name: "bounded" }),
      forAll((x) => when(x.in("a").ge(0.95), x.in("b").ge(0.2)).then(x.out("score").lt(0.5)), {
        name: "low",
      }),
    ];
    const failure = fitConstrained({ X: [[0, 0]], y: [1], domain: where, constraints, task: "leastSquares" });
    await expect(failure).rejects.toBeInstanceOf(InfeasibleRules);
    await failure.catch((error: InfeasibleRules) =>
      expect([...error.conflict].sort()).toEqual(["high", "low"]),
    );
  });

  it("decide between alternatives, also by mixed weights", async () => {
    const where = domain({ x: [0, 1] });
    const X = Array.from({ length: 21 }, (_, i) => [i / 20]);
    const y = { f: X.map(([x]) => 0.9 - 2 * x!), g: X.map(([x]) => -0.7 + 2 * x!) };
    const rule = forAll((x) => anyOf(x.out("f").gt(0.15), x.out("g").gt(0.15)), { name: "either" });
    const fitted = (constraints: ReturnType<typeof forAll>[]) =>
      fitConstrained({ X, y, domain: where, constraints, task: "leastSquares", l2: 0 });
    const [free, kept] = [await fitted([]), await fitted([rule])];
    expect(certify(free.model, [rule]).status).toBe("violated");
    expect(kept.certificate.status).toBe("certified");
    // Raising one output above 0.15 everywhere would cost a mean square of at least 0.1.
    expect(kept.loss).toBeLessThan(0.01);
  });

  it("take another atom of each clause where one choice for all cannot be kept", async () => {
    const where = domain({ x: [0, 1] });
    const X = [[0], [1]];
    const rules = [
      forAll((x) => anyOf(x.out("f").gt(1), x.out("g").gt(1)), { name: "high" }),
      forAll((x) => anyOf(x.out("f").lt(-1), x.out("g").lt(-1)), { name: "low" }),
    ];
    const options = { X, y: { f: [0, 0], g: [0, 0] }, domain: where, task: "leastSquares" as const };
    const { certificate, loss } = await fitConstrained({ ...options, constraints: rules });
    expect(certificate.status).toBe("certified");
    expect(loss).toBeCloseTo(2, 4);
    // With both outputs below 1 the first rule cannot hold; nothing is wrong with the second.
    const both = forAll((x) => allOf(x.out("f").lt(1), x.out("g").lt(1)), { name: "below" });
    const failure = fitConstrained({ ...options, constraints: [...rules, both] });
    await expect(failure).rejects.toBeInstanceOf(InfeasibleRules);
    await failure.catch((error: InfeasibleRules) =>
      expect([...error.conflict].sort()).toEqual(["below", "high"]),
    );
  });

  it("do not depend on the unit of the targets", async () => {
    const where = domain({ area: [0, 300], rooms: { min: 1, max: 9, integer: true }, age: [0, 2e6] });
    const rng = createRng(3);
    const [u, z] = [rng.stream("u").uniforms(900), rng.stream("z").normals(300)];
    const X = Array.from({ length: 300 }, (_, r) => [
      300 * u[3 * r]!,
      1 + Math.floor(9 * u[3 * r + 1]!),
      2e6 * u[3 * r + 2]!,
    ]);
    const losses: number[] = [];
    for (const unit of [1, 1e-6, 1e6]) {
      const { loss, certificate } = await fitConstrained({
        X,
        y: X.map(
          ([area, rooms, age], r) => unit * (area! / 300 + 0.1 * rooms! - 1.5e-7 * age! + 0.1 * z[r]!),
        ),
        domain: where,
        task: "leastSquares",
        constraints: [
          range("score", { from: 0, to: 1.5 * unit }),
          forAll((x) =>
            when(x.in("area").plus(x.in("rooms").times(10)).le(100)).then(x.out("score").le(0.7 * unit)),
          ),
        ],
      });
      expect(certificate.ok).toBe(true);
      losses.push(loss / unit ** 2);
    }
    for (const loss of losses) expect(Math.abs(loss / losses[0]! - 1)).toBeLessThan(1e-6);
  });

  it("count a row as often as its weight says", async () => {
    const { domain: where, rules, train } = loanTable(6);
    const options = { domain: where, constraints: rules, task: "logistic" as const };
    const X = [...train.X, ...train.X.slice(0, 100)];
    const y = [...train.y, ...train.y.slice(0, 100)];
    const twice = await fitConstrained({ ...options, X, y });
    const weighted = await fitConstrained({
      ...options,
      ...train,
      weights: train.y.map((_, r) => (r < 100 ? 2 : 1)),
    });
    expect(Math.abs(twice.loss - weighted.loss)).toBeLessThan(1e-9);
  });

  it("classify by one score a class", async () => {
    const where = domain({ a: [0, 1], b: { binary: true } });
    const uniform = createRng(2).stream("x").uniforms(400);
    const X = Array.from({ length: 200 }, (_, r) => ({
      a: uniform[2 * r]!,
      b: Number(uniform[2 * r + 1]! < 0.5),
    }));
    const y = X.map(({ a, b }) => (b === 1 ? "pop" : a < 0.5 ? "rock" : "jazz"));
    const rule = argmaxIn(["rock", "pop"], ["jazz", "pop", "rock"], {
      condition: when(sum(0).le(0)).then(sum(0).le(0)),
    });
    const conditional = forAll(
      (x) =>
        when(x.in("b").eq(0), x.in("a").ge(0.8)).then(
          anyOf(x.out("jazz").lt(x.out("rock")), x.out("jazz").lt(x.out("pop"))),
        ),
      { name: "no jazz" },
    );
    const { model, certificate } = await fitConstrained({
      X,
      y,
      domain: where,
      constraints: [conditional],
      task: "oneVsRest",
    });
    expect(certificate.status).toBe("certified");
    expect(["rock", "pop"]).toContain(predict(model, { a: 0.9, b: 0 }).label);
    expect(predict(model, { a: 0.1, b: 1 }).label).toBe("pop");
    expect(certify(model, [rule]).status).toBe("violated");
  });

  it("leave out rows whose label breaks the rules", async () => {
    const { domain: where, rules, train } = loanTable(4);
    const options = { ...train, domain: where, constraints: rules, task: "logistic" as const };
    const { dropped, certificate } = await fitConstrained({ ...options, dropViolatingRows: true });
    const violating = train.X.flatMap((x, r) => (x[4] === 0 && x[0]! <= 0.4 && train.y[r] === 1 ? [r] : []));
    expect(dropped).toEqual(violating);
    expect(certificate.ok).toBe(true);
  });
});

describe("warnings", () => {
  const where = domain({ a: [0, 1] });
  const exactlyOne = forAll((x) =>
    anyOf(allOf(x.out("f").gt(0), not(x.out("g").gt(0))), allOf(not(x.out("f").gt(0)), x.out("g").gt(0))),
  );

  it("name rules that force a constant model, and only those", () => {
    const codes = (rule: ReturnType<typeof forAll>) =>
      compileRules([rule], where, ["f", "g"]).warnings.map(({ code }) => code);
    expect(codes(exactlyOne)).toEqual(["CONSTANT_MODEL"]);
    expect(codes(forAll((x) => anyOf(x.out("f").gt(0), x.out("g").gt(0))))).toEqual([]);
    expect(codes(forAll((x) => when(x.out("f").gt(0)).then(x.out("g").gt(0))))).toEqual([]);
    expect(codes(forAll((x) => when(x.in("a").gt(2)).then(x.out("f").gt(0))))).toEqual(["VACUOUS"]);
  });

  it("are right: a model that changes label breaks the rule", () => {
    expect(
      certify(
        linearModel(
          where,
          ["f", "g"],
          [
            [1, -2],
            [-1, 2],
          ],
        ),
        [exactlyOne],
      ).status,
    ).toBe("violated");
    expect(
      certify(
        linearModel(
          where,
          ["f", "g"],
          [
            [1, -0.5],
            [-1, 0.5],
          ],
        ),
        [exactlyOne],
      ).status,
    ).toBe("certified");
  });
});

describe("tampering", () => {
  it("is found out: weights, scaler, domain, data", async () => {
    const { domain: where, rules, train } = loanTable(5);
    const options = { ...train, domain: where, constraints: rules, task: "logistic" as const };
    const { model, certificate } = await fitConstrained(options);
    const { slack } = certificate.results[0]!;
    const weights = model.weights.map((row) => [...row]);
    weights[0]![0]! += slack * 1.001;
    const changed: LinearModel = { ...model, weights };
    expect(certify(changed, rules).status).toBe("violated");
    expect(() => verifyCertificate(certificate, changed, rules)).toThrow(/another model/);
    expect(() => verifyCertificate(certificate, model, [])).toThrow(/another rules/);
    // Every weight that the worst case uses, moved in the bits just past the slack, and just short of it.
    const { worstInput } = certificate.results[0]!;
    for (const [i, { name }] of where.columns.entries()) {
      const share = worstInput![name] as number;
      if (share === 0) continue;
      for (const [factor, status] of [
        [1 - 1e-6, "certified"],
        [1 + 1e-6, "violated"],
      ] as const) {
        const moved = model.weights.map((row) => [...row]);
        moved[0]![i + 1]! += (slack * factor) / share;
        expect(certify({ ...model, weights: moved }, rules).status, name).toBe(status);
      }
    }
    const scaled = structuredClone(model) as LinearModel & { domain: { scaler: { scale: number[] } } };
    scaled.domain.scaler.scale[0] = 2;
    expect(() => parseModel(scaled)).toThrow(/scaler are not those of its domain/);
    expect(() => certify(scaled, rules)).toThrow(/scaler are not those of its domain/);
    expect(() => verifyCertificate(certificate, scaled, rules)).toThrow(/scaler are not those of its domain/);
    expect(() => certify(model, rules, domain({ ...where.features, x0: [0, 2] }))).toThrow(/another domain/);
    const bad = (change: object) => expect(fitConstrained({ ...options, ...change })).rejects;
    const X = train.X.map((row) => row.slice());
    X[3]![1] = Number.NaN;
    await bad({ X }).toThrow(/X, row 3: feature "x1" is NaN/);
    await bad({ y: train.y.map((v, r) => (r === 2 ? 7 : v)) }).toThrow(/y, row 2: 7 is no label/);
    await bad({ constraints: [monotone("score", "wage", "increasing")] }).toThrow(
      /names "wage"; the features are x0/,
    );
    await bad({ margin: Number.NaN }).toThrow(/margin is NaN/);
    expect(() => domain({ a: [2, 1] })).toThrow(/reversed/);
    expect(() => domain({ a: [0, Number.POSITIVE_INFINITY] })).toThrow(/finite/);
    expect(() =>
      predict(model, { ...Object.fromEntries(where.columns.map(({ name }) => [name, 0])), x0: 2 }),
    ).toThrow(/outside \[0, 1\]/);
    expect(predict(model, new Float64Array(11).fill(3), { outside: "clamp" }).scores["score"]).toBeTypeOf(
      "number",
    );
  });

  it("shows in float32: a small margin is lost by rounding, a large one is not", () => {
    const rng = createRng(8);
    const where = domain(
      Object.fromEntries(Array.from({ length: 14 }, (_, i) => [`x${i}`, [0, 1] as const])),
    );
    const rule = forAll((x) => x.out("f").lt(0));
    const lost = (margin: number, round: (value: number) => number): number => {
      let count = 0;
      for (let trial = 0; trial < 400; trial++) {
        const w = rng.stream("weights", trial).normals(15);
        w[0] = 0;
        w[0] = -margin - w.reduce((total, value) => total + Math.max(0, value), 0);
        if (!certify(linearModel(where, ["f"], [w.map(round)]), [rule]).ok) count++;
      }
      return count / 400;
    };
    const half = lost(1e-9, Math.fround);
    expect(half).toBeGreaterThan(0.35);
    expect(half).toBeLessThan(0.6);
    expect(lost(1e-5, Math.fround)).toBe(0);
    expect(lost(0, (value) => value)).toBeGreaterThan(0.4);
  });
});
