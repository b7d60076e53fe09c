import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createRng } from "../random/index.ts";
import { commands } from "./commands.ts";
import { runProgram } from "./program.ts";

const folder = mkdtempSync(join(tmpdir(), "fpx-fit-"));
afterAll(() => rmSync(folder, { recursive: true }));

const at = (name: string): string => join(folder, name);

interface ModelFile {
  weights: number[][];
  readonly domain: { readonly scaler: { readonly scale: number[] } };
}

function write(name: string, text: string): string {
  writeFileSync(at(name), text);
  return at(name);
}

async function fpx(...args: string[]) {
  const texts = { out: "", err: "" };
  const stream = (key: "out" | "err") => ({
    isTTY: false,
    write: (text: string, done?: (error?: Error | null) => void) => {
      texts[key] += text;
      done?.();
      return true;
    },
  });
  const signals = { on: () => undefined, off: () => undefined };
  const env = { FPX_DB: at("fpx.db") };
  const host = { stdout: stream("out"), stderr: stream("err"), env, signals };
  const code = await runProgram(args, host as never, commands);
  return { code, ...texts };
}

const uniform = createRng(2).stream("loans").uniforms(800);
const LOANS = `income,credit,purpose,approved\n${Array.from({ length: 200 }, (_, r) => {
  const [u, c, p, e] = uniform.subarray(4 * r, 4 * r + 4);
  const [income, credit] = [200 * u! ** 2, Number(c! < 0.7)];
  return `${income.toFixed(2)},${credit},${["car", "new kitchen"][Math.floor(2 * p!)]},${Number(income / 100 + 0.3 * credit + e! > 0.7)}`;
}).join("\n")}\n`;

/** The line on which a text first stands. */
const lineOf = (text: string, part: string): number => text.slice(0, text.indexOf(part)).split("\n").length;

const RULES = `domain:
  income: [0, 200]
  credit: binary
rules:
  - name: no-credit
    when: credit = 0 and income < 40
    then: approved < 0
  - name: kitchen
    when: [purpose is "new kitchen", income < 20]
    then: approved <= -0.1
  - monotone: { output: approved, feature: income, direction: increasing }
`;

describe("fpx fit and fpx certify", () => {
  const model = at("model.json");
  let data: string;
  let rules: string;
  beforeAll(async () => {
    data = write("loans.csv", LOANS);
    rules = write("rules.yaml", RULES);
    const made = await fpx(
      ...["fit", data, "--target", "approved", "--rules", rules, "--out", model],
      ...["--certificate", at("certificate.json"), "--report", at("report.html")],
    );
    expect(made).toMatchObject({ code: 0 });
    expect(made.out).toMatch(/no-credit\s+certified[\s\S]*\ncertified\n$/);
    expect(made.err).toContain("200 rows; logistic");
  }, 60_000);

  it("certifies what it fitted, in the same words for machines", async () => {
    const { code, out } = await fpx("certify", model, "--rules", rules, "--json");
    expect(code).toBe(0);
    const { ok, results } = JSON.parse(out) as { ok: boolean; results: { rule: string; slack: number }[] };
    expect(ok).toBe(true);
    expect(results.map(({ rule }) => rule)).toEqual([
      "no-credit",
      "kitchen",
      "approved increasing in income",
    ]);
    expect(JSON.parse(readFileSync(at("certificate.json"), "utf8"))).toEqual(JSON.parse(out));
    const page = readFileSync(at("report.html"), "utf8");
    for (const text of ["Certificate: certified", "no-credit", "Worst input", "new kitchen"])
      expect(page).toContain(text);
  });

  it("ends with 3 and an input in raw units when a rule is broken", async () => {
    const stricter = write("stricter.yaml", RULES.replace("income < 40", "income < 80"));
    const { code, out } = await fpx("certify", model, "--rules", stricter);
    expect(code).toBe(3);
    const income = Number(/no-credit is broken at income = ([\d.]+), credit = 0/.exec(out)![1]);
    expect(income).toBeGreaterThan(40);
    expect(income).toBeLessThan(80);
    expect(out).toMatch(/\nviolated\n$/);
  });

  it("ends with 4 when it cannot say", async () => {
    // The rule is broken only where income is 40 exactly, which the condition leaves out.
    const border = JSON.parse(readFileSync(model, "utf8")) as ModelFile;
    border.weights = [[-40 / 256, 1, 0, 0, 0]];
    const path = write("border.json", JSON.stringify(border));
    const only = write(
      "border.yaml",
      "rules:\n  - name: low\n    when: income < 40\n    then: approved < 0\n",
    );
    const { code, out } = await fpx("certify", path, "--rules", only);
    expect(out).toContain("unknown");
    expect(code).toBe(4);
  });

  it("refuses models of another scaler, domain or rule, and damaged ones", async () => {
    const changed = (change: (model: ModelFile) => void): string => {
      const value = JSON.parse(readFileSync(model, "utf8")) as ModelFile;
      change(value);
      return write("changed.json", JSON.stringify(value));
    };
    const scaled = changed((m) => {
      m.domain.scaler.scale[0] = 128;
    });
    const refused = await fpx("certify", scaled, "--rules", rules);
    expect(refused.code).toBe(1);
    expect(refused.err).toMatch(/scaler are not those of its domain/);
    const wider = write("wider.yaml", RULES.replace("[0, 200]", "[0, 300]"));
    expect((await fpx("certify", model, "--rules", wider)).err).toMatch(
      /gives "income" as \[0,300\], but .* \[0,200\]/,
    );
    const unknown = write("unknown.yaml", RULES.replace("credit = 0", "credt = 0"));
    expect((await fpx("certify", model, "--rules", unknown)).err).toMatch(
      /unknown.yaml:5: rule "no-credit" names "credt"/,
    );
    const never = write("never.yaml", "rules:\n  - { when: income > 500, then: approved < 0 }\n");
    expect((await fpx("certify", model, "--rules", never)).err).toMatch(
      /warning: rule "rule 1" says nothing/,
    );
    const none = await fpx("certify", model, "--rules", write("none.yaml", "rules: []\n"));
    expect(none).toMatchObject({ code: 1 });
    expect(none.err).toMatch(/none.yaml has no rules/);
    // The last bits of one weight: the slack of the tightest rule is 1e-6.
    const path = changed((m) => {
      m.weights[0]![0]! += 2e-6;
    });
    expect((await fpx("certify", path, "--rules", rules)).code).toBe(3);
  });

  it("names the file, the line and the column of what is wrong", async () => {
    const failing = async (csv: string, yaml: string, ...more: string[]) => {
      const { code, err } = await fpx(
        ...["fit", write("bad.csv", csv), "--target", "approved", "--rules", write("bad.yaml", yaml)],
        ...["--out", at("never.json"), ...more],
      );
      expect(existsSync(at("never.json"))).toBe(false);
      return `${code} ${err}`;
    };
    expect(await failing(LOANS, RULES.replace("[0, 200]", "[200, 0]"))).toMatch(/1 .*bad.yaml:2: .*reversed/);
    expect(await failing(LOANS, RULES.replace("approved < 0", "approved <"))).toMatch(
      /1 .*bad.yaml:7: .*column 11/,
    );
    expect(await failing(LOANS, RULES.replace("income: [", "wage: ["))).toMatch(
      /names "wage", but the columns are/,
    );
    expect(await failing(LOANS, RULES.replace("[0, 200]", "[0, 50]"))).toMatch(
      /1 .*bad.csv:\d+: feature "income"/,
    );
    expect(await failing(LOANS.replace(/\n[^\n]*,/, "\nNaN,1,car,"), RULES)).toMatch(
      /bad.csv:2: column income is NaN/,
    );
    // Blank lines and line breaks in cells count.
    const spread = LOANS.replace("\n", "\n\n").replace("car", '"car\n"');
    expect(await failing(spread.replace(/(\n[^\n]*new kitchen,)[01]/, "$1x"), RULES)).toMatch(
      new RegExp(
        `bad.csv:${lineOf(spread, "new kitchen")}: column approved holds numbers and texts, here "x"`,
      ),
    );
    expect(await failing(LOANS, RULES.replace("then: approved < 0", "then: approvd < 0"))).toMatch(
      /bad.yaml:5: rule "no-credit" names "approvd"/,
    );
    expect(await failing(LOANS, RULES, "--target", "approved,approved")).toMatch(/names approved twice/);
    expect(await failing(LOANS, `${RULES}  - { name: all, then: approved > 1 }\n`)).toMatch(
      /no affine model keeps these rules together.*"no-credit", "all"|"kitchen", "all"/,
    );
    expect(await failing(LOANS, RULES, "--margin", "x")).toMatch(/^2 .*Give a number/);
    const again = await fpx("fit", data, "--target", "approved", "--rules", rules, "--out", model);
    expect(again).toMatchObject({ code: 2 });
    expect(again.err).toMatch(/exists already/);
  });

  it("fits several outputs, and classes by name", async () => {
    const rows = Array.from({ length: 60 }, (_, r) => {
      const x = uniform[r]!;
      return `${x},${x < 0.5 ? "low" : "high"},${2 * x},${1 - x}`;
    });
    const csv = write("several.csv", `x,label,f,g\n${rows.join("\n")}\n`);
    const classes = write(
      "classes.yaml",
      "rules:\n  - { when: x >= 0.9, argmax: { in: [high], of: [high, low] } }\n",
    );
    const cut = write("classes.csv", readFileSync(csv, "utf8").replace(/,[^,\n]*,[^,\n]*$/gm, ""));
    expect(
      await fpx("fit", cut, "--target", "label", "--rules", classes, "--out", at("c.json")),
    ).toMatchObject({ code: 0 });
    const sums = write("sums.yaml", "rules:\n  - { name: sum, then: f + g <= 1.5 }\n");
    const joint = write("joint.csv", readFileSync(csv, "utf8").replace(/,(low|high|label)/g, ""));
    const { code, out } = await fpx(
      "fit",
      joint,
      "--target",
      "f,g",
      "--rules",
      sums,
      "--out",
      at("s.json"),
      "--solver",
      "sade",
    );
    expect(out).toMatch(/sum\s+certified/);
    expect(code).toBe(0);
  });
});
