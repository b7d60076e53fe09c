import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Browser, Page } from "playwright-core";
import { build, type PreviewServer, preview } from "vite";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { root } from "./support/fpx.ts";
import { startChromium } from "./support/services.ts";

const found = await startChromium();
const folder = join(root, "examples/browser");

describe.skipIf(found === undefined)("browser examples", () => {
  const browser = found as Browser;
  let out: string;
  let server: PreviewServer;

  beforeAll(async () => {
    out = mkdtempSync(join(tmpdir(), "fpx-pages-"));
    const configFile = join(folder, "vite.config.ts");
    await build({ configFile, logLevel: "error", build: { outDir: out } });
    server = await preview({
      configFile,
      logLevel: "error",
      build: { outDir: out },
      preview: { port: 0, host: "127.0.0.1" },
    });
  }, 120_000);

  afterAll(async () => {
    await browser.close();
    await server?.close();
    rmSync(out, { recursive: true, force: true });
  });

  async function open(path: string): Promise<Page> {
    const page = await browser.newPage();
    page.on("pageerror", (error) => expect.unreachable(String(error)));
    await page.goto(new URL(path, server.resolvedUrls!.local[0]).href);
    return page;
  }

  it("solve a game that is typed, and say what is wrong with it", async () => {
    const page = await open("games.html");
    const answer = page.locator("#answer");
    await answer.filter({ hasText: "45.5 %, 54.5 %" }).waitFor();
    expect(await answer.textContent()).toContain("value         0.7909");
    await page.fill("#payoffs", "1 2\n3 x");
    await page.click("#solve");
    await answer.filter({ hasText: /finite|NaN/ }).waitFor();
  });

  it("learn from edits in WebAssembly", async () => {
    const page = await open("fine-tune.html?provider=wasm");
    await page.fill("#count", "40");
    await page.click("#learn");
    const answer = page.locator("#answer");
    await answer.filter({ hasText: /sft\s+\d/ }).waitFor({ timeout: 90_000 });
    const text = (await answer.textContent())!;
    expect(text).toMatch(/^onnxruntime-web .*wasm/);
    const nll = (policy: string) => Number(new RegExp(`${policy}\\s+([\\d.]+)`).exec(text)![1]);
    expect(nll("sft")).toBeLessThan(nll("base"));
  }, 120_000);

  it("are short programs", () => {
    for (const file of readdirSync(folder))
      expect(readFileSync(join(folder, file), "utf8").split("\n").length, file).toBeLessThanOrEqual(81);
  });
});
