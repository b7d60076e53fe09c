import { join } from "node:path";
import { chromium } from "playwright-core";
import { build, type Rollup } from "vite";
import { expect, it } from "vitest";
import { loanTable } from "../../experiments/constraints/loan.ts";
import { certify } from "./certify.ts";
import { fitConstrained } from "./fit.ts";
import { parseModel, predict } from "./model.ts";
import { forAll } from "./rules.ts";
import { verifyCertificate } from "./verify.ts";

it("certificates are made and checked in a browser, to the bit as in Node", async () => {
  const entry = join(import.meta.dirname, "index.ts");
  const { output } = (await build({
    configFile: false,
    logLevel: "error",
    build: {
      write: false,
      lib: { entry, formats: ["es"], fileName: "constraints" },
      // Loaded on demand by what a certificate does not need.
      rollupOptions: { external: ["highs", "z3-solver", "yaml"] },
    },
  }).then((built) => [built].flat()[0])) as Rollup.RollupOutput;
  const code = output.find((chunk) => chunk.type === "chunk" && chunk.isEntry) as Rollup.OutputChunk;
  expect(output.filter(({ type }) => type === "chunk")).toHaveLength(1);

  const { domain: where, rules, train } = loanTable(3);
  const { model, certificate } = await fitConstrained({
    ...train,
    domain: where,
    constraints: rules,
    task: "logistic",
  });
  const stricter = [forAll((x) => x.out("score").lt(0), { name: "never" })];
  const browser = await chromium.launch({
    executablePath: process.env["CHROMIUM"] ?? "/usr/bin/chromium",
    args: ["--no-sandbox"],
  });
  try {
    const page = await browser.newPage();
    const complaints: string[] = [];
    page.on("pageerror", (error) => complaints.push(String(error)));
    const url = `data:text/javascript;base64,${Buffer.from(code.code).toString("base64")}`;
    const input = JSON.stringify({ model, rules, stricter, certificate, input: [...train.X[0]!] });
    // As text: a function would come with the test runner's own imports.
    const found = await page.evaluate<string>(`import("${url}").then((room) => {
      const { model, rules, stricter, certificate, input } = ${input};
      const read = room.parseModel(model);
      return JSON.stringify({
        made: room.certify(read, rules),
        broken: room.certify(read, stricter),
        verified: room.verifyCertificate(certificate, read, rules),
        prediction: room.predict(read, input),
      });
    })`);
    const stored = parseModel(JSON.stringify(model));
    expect(complaints).toEqual([]);
    expect(JSON.parse(found)).toEqual(
      JSON.parse(
        JSON.stringify({
          made: certify(stored, rules),
          broken: certify(stored, stricter),
          verified: verifyCertificate(certificate, stored, rules),
          prediction: predict(stored, train.X[0]!),
        }),
      ),
    );
    expect(JSON.parse(found)).toMatchObject({ made: { ok: true }, broken: { status: "violated" } });
  } finally {
    await browser.close();
  }
});
