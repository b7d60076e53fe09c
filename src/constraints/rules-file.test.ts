import { describe, expect, it } from "vitest";
import { certify } from "./certify.ts";
import { domain } from "./domain.ts";
import { sum } from "./expression.ts";
import { allOf, anyOf, not } from "./formula.ts";
import { linearModel } from "./model.ts";
import { parseFormula } from "./parse-formula.ts";
import { forAll, monotone, when } from "./rules.ts";
import { parseRules, rulesFromData } from "./rules-file.ts";

const formulaOf = (build: Parameters<typeof forAll>[0]) => {
  const rule = forAll(build);
  return rule.kind === "forAll" ? rule.formula : undefined;
};

describe("formulas as text", () => {
  it("are those of the typed language", () => {
    const same: [string, Parameters<typeof forAll>[0]][] = [
      ["score < 0", (x) => x["score"]!.lt(0)],
      ["2 * (a - 3) + b / 4 <= 1.5e1", (x) => x["a"]!.minus(3).times(2).plus(x["b"]!.times(0.25)).le(15)],
      [
        "a = 0 and not b > 1 or c != 2",
        (x) => anyOf(allOf(x["a"]!.eq(0), not(x["b"]!.gt(1))), x["c"]!.ne(2)),
      ],
      ["0 <= a < 1", (x) => allOf(sum(0).le(x["a"]!), x["a"]!.lt(1))],
      ["purpose is car", (x) => x["purpose"]!.is("car")],
      [
        "(a < 1 or b < 1) and (a + b) * 2 < 3",
        (x) => allOf(anyOf(x["a"]!.lt(1), x["b"]!.lt(1)), x["a"]!.plus(x["b"]!).times(2).lt(3)),
      ],
    ];
    for (const [text, build] of same) expect(parseFormula(text), text).toEqual(formulaOf(build));
    expect(parseFormula("`going out` <= 3")).toEqual(formulaOf((x) => x["going out"]!.le(3)));
  });

  it("say where they cannot be read", () => {
    for (const [text, message] of [
      ["a <", /column 4: found the end where a number or a name belongs/],
      ["a + 1", /a comparison such as </],
      ["a * b < 1", /rules are affine/],
      ["a < 1 1", /column 7: found "1"/],
      ["a # b", /cannot read "# b"/],
    ] as const)
      expect(() => parseFormula(text), text).toThrow(message);
  });
});

const TEXT = `domain:
  income: [1, 200]
  credit: binary
outputs: [score]
rules:
  - name: no-credit
    when: [credit = 0, income < 5]
    then: score < 0
  - monotone: { output: score, feature: income, direction: increasing }
`;

describe("rules files", () => {
  it("give the rules of the typed language, from YAML, JSON and data", async () => {
    const expected = [
      forAll((x) => when(x["credit"]!.eq(0), x["income"]!.lt(5)).then(x["score"]!.lt(0)), {
        name: "no-credit",
      }),
      monotone("score", "income", "increasing"),
    ];
    const file = await parseRules(TEXT);
    expect(file.rules).toEqual(expected);
    expect(file.outputs).toEqual(["score"]);
    const data = {
      domain: { income: [1, 200], credit: { binary: true } },
      rules: [
        // biome-ignore lint/suspicious/noThenProperty: a key of the file format; nothing is awaited
        { name: "no-credit", when: "credit = 0 and income < 5", then: "score < 0" },
        { monotone: { output: "score", feature: "income", direction: "increasing" } },
      ],
    };
    expect(rulesFromData(data).domain).toEqual(file.domain);
    const model = linearModel(domain(file.domain), ["score"], [[-1, 1, 2]]);
    for (const { rules } of [rulesFromData(data), await parseRules(JSON.stringify(data))])
      expect(certify(model, rules).results.map(({ status, bound }) => [status, bound])).toEqual(
        certify(model, expected).results.map(({ status, bound }) => [status, bound]),
      );
  });

  it("name the line of what is wrong", async () => {
    const wrong: [string, RegExp][] = [
      [TEXT.replace("score < 0", "score <"), /^f.yaml:8: in "score <", column 8: found the end/],
      [TEXT.replace("increasing", "upwards"), /^f.yaml:9: monotone: the direction is "upwards"/],
      [TEXT.replace("[1, 200]", "[1, .nan]"), /^f.yaml:2: income: give finite numbers/],
      [TEXT.replace("[1, 200]", "[200, 1]"), /^f.yaml:2: feature "income": the bounds are reversed, 200 > 1/],
      [TEXT.replace("binary", "{ min: 0.5, max: 3, integer: true }"), /^f.yaml:3: .*must be integers/],
      [TEXT.replace("binary", "{ categories: [a, a] }"), /^f.yaml:3: .*each once/],
      [TEXT.replace("[1, 200]", "[1]"), /^f.yaml:2: bounds: give two numbers/],
      [TEXT.replace("outputs", "output"), /^f.yaml:4: unknown key "output"/],
      [TEXT.replace("then:", "than:"), /^f.yaml:8: unknown key "than"/],
      [TEXT.replace("binary", "[0"), /^f.yaml:\d+: /],
    ];
    for (const [text, message] of wrong)
      await expect(parseRules(text, "f.yaml"), text).rejects.toThrow(message);
  });
});
