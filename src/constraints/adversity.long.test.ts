import { expect, it } from "vitest";
import { randomCase, randomInput, smtSearch } from "../../test/support/constraint-cases.ts";
import { createRng } from "../random/index.ts";
import { adversityIndex } from "./adversity.ts";

it("the adversity index agrees with an SMT search, row by row", async () => {
  const search = await smtSearch();
  const rng = createRng(77);
  let [adverse, rows] = [0, 0];
  for (let index = 0; index < 182; index++) {
    const { model, rules } = randomCase(rng, index);
    const { columns } = model.domain;
    const radius = [0.05, 0.2][index % 2]!;
    if (rules.some(({ kind }) => kind === "slope")) continue;
    const uniforms = rng.stream("rows", 0, index).uniforms(10 * columns.length);
    for (let r = 0; r < 10; r++) {
      const x = randomInput(model.domain, uniforms.subarray(r * columns.length, (r + 1) * columns.length));
      const near = columns.map(({ kind, lower, upper }, i) => {
        const reach = kind === "continuous" ? radius * (upper - lower) : 0;
        return { lower: Math.max(lower, x[i]! - reach), upper: Math.min(upper, x[i]! + reach) };
      });
      const broken = await search(model, rules, near);
      expect(adversityIndex(model, rules, [x], { radius }), `case ${index}, row ${r}`).toBe(Number(broken));
      rows++;
      adverse += Number(broken);
    }
  }
  expect(rows).toBeGreaterThanOrEqual(1350);
  expect(adverse).toBeGreaterThan(rows / 10);
  expect(adverse).toBeLessThan((rows * 9) / 10);
});
