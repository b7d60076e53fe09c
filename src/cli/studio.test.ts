import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import axe from "axe-core";
import type { Browser, BrowserContext, Page } from "playwright-core";
import { build } from "vite";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { fpxHere, root } from "../../test/support/fpx.ts";
import { startChromium } from "../../test/support/services.ts";
import { ask, run, type Solver } from "../core/index.ts";
import { createRng } from "../random/index.ts";
import { type RunningServer, startServer } from "../server/index.ts";
import {
  addCertificate,
  addEdits,
  changeBandit,
  createBandit,
  createToken,
  deleteRun,
  findEdit,
  findRun,
  listArms,
  openStore,
  recordRun,
  recordWork,
  type Store,
  savePolicy,
} from "../store/index.ts";
import { type LoadedDrafters, loadDrafters } from "./serve-drafters.ts";
import { addLog } from "./serve-log.ts";

let folder: string;
let store: Store;
let server: RunningServer;
let locked: RunningServer;
let policies: LoadedDrafters;
const found = await startChromium();
const browser = found as Browser;
const complaints: string[] = [];

const NASTY = `<img src=x onerror="document.title='owned'"><script>document.title='owned'</script>' or 1=1 --`;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "fpx-studio-"));
  const studio = join(folder, "studio");
  await build({
    configFile: join(root, "studio/vite.config.ts"),
    logLevel: "warn",
    build: { outDir: studio, emptyOutDir: true },
  });
  store = await openStore(join(folder, "fpx.db"), { threads: true });
  policies = await loadDrafters(store, join(root, "samples/mail/model"), undefined);
  await addLog(store, join(root, "samples/mail/log.jsonl"));
  const template = {
    kind: "template",
    draft: async () => "Dear Ms Lee,\n\nplease look at the invoice.\n\nRegards",
  };
  server = await startServer(store, { studio, drafters: { ...policies.drafters, template } });
  locked = await startServer(store, { studio, requireToken: true });
});

afterAll(async () => {
  await browser?.close();
  await server?.close();
  await locked?.close();
  await policies?.close();
  await store?.close();
  await rm(folder, { recursive: true, force: true });
});

async function open(path: string, options: Parameters<Browser["newContext"]>[0] = {}): Promise<Page> {
  const context: BrowserContext = await browser.newContext({
    viewport: { width: 1200, height: 900 },
    ...options,
  });
  const page = await context.newPage();
  page.setDefaultTimeout(15_000);
  page.on("pageerror", (error) => complaints.push(String(error)));
  page.on("console", (message) => {
    if (message.type() === "error") complaints.push(message.text());
  });
  await page.goto(`${server.url}${path}`);
  return page;
}

/** What axe finds on a page, whatever its weight; `rules` only, where they are given. */
async function barriers(page: Page, rules?: string[]): Promise<string[]> {
  await page.evaluate(axe.source);
  const { violations } = await page.evaluate(
    (runOnly) =>
      (globalThis as unknown as { axe: typeof axe }).axe.run(runOnly === undefined ? {} : { runOnly }),
    rules,
  );
  return violations.map(({ id, impact, nodes }) => `${page.url()}: ${id} (${impact}) ${nodes[0]?.html}`);
}

/** Where screenshots go when someone wants to look at them. */
const shot = async (page: Page, name: string, fullPage = true): Promise<void> => {
  const out = process.env["FPX_SCREENSHOTS"];
  if (out !== undefined) await page.screenshot({ path: join(out, `${name}.png`), fullPage });
};

/** A bandit that has learned, and certificates of a fitted model. */
async function fillPages(): Promise<void> {
  const post = async (path: string, body: unknown) =>
    (await fetch(`${server.url}/api/${path}`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify(body),
    }).then((answer) => answer.json())) as { readonly choice: string; readonly arm: string };
  const draws = createRng(1).draws("costs");
  const arms = ["base", "sft", "early"];
  for (let round = 0; round < 120; round++) {
    const { choice, arm } = await post("choose-arm", { bandit: "replies", arms });
    const cost = [0.66, 0.35, 0.28][arms.indexOf(arm)]! + 0.3 * draws.uniform();
    await post("feedback", { choice, cost });
  }
  const data = join(folder, "loans.csv");
  const rows = Array.from({ length: 60 }, (_, i) => `${i % 10},${i % 2},${i % 10 > 4 ? 1 : 0}`);
  await writeFile(data, `income,credit,approved\n${rows.join("\n")}\n`);
  const rises = "  - monotone: { output: approved, feature: income, direction: increasing }\n";
  const rules = join(folder, "rules.yaml");
  await writeFile(rules, `domain:\n  income: [0, 10]\n  credit: binary\nrules:\n${rises}`);
  const strict = join(folder, "strict.yaml");
  const denied = "  - name: no-credit\n    when: credit = 0 and income < 2\n    then: approved < -100\n";
  await writeFile(strict, `rules:\n${rises}${denied}`);
  const out = join(folder, "model.json");
  const db = join(folder, "fpx.db");
  await fpxHere(["fit", data, "--target", "approved", "--rules", rules, "--out", out, "--db", db]);
  await fpxHere(["certify", out, "--rules", strict, "--db", db]);
}

describe.skipIf(found === undefined)("the studio in a browser", () => {
  it("loads in less than 150 kB", async () => {
    const files = await readdir(join(folder, "studio"), { recursive: true, withFileTypes: true });
    let size = 0;
    for (const file of files.filter((entry) => entry.isFile()))
      size += gzipSync(await readFile(join(file.parentPath, file.name))).length;
    expect(size).toBeLessThan(150_000);
  });

  it("writes a draft, keeps its edit in the log, and shows its cost", async () => {
    const page = await open("/desk");
    await page.getByLabel("What to write").fill("Write to Ms Ann Lee about the invoice: it is wrong.");
    await page.getByLabel("You").fill("reader-1");
    await page.getByRole("button", { name: "Write" }).click();
    const draft = page.getByLabel(/change what you do not like/);
    await draft.waitFor();
    const written = await draft.inputValue();
    expect(written.length).toBeGreaterThan(10);
    expect(await draft.evaluate((field) => field === document.activeElement)).toBe(true);
    await draft.fill(`${written} One more thing`);
    await draft.press("Control+Enter");
    const kept = page.getByRole("region", { name: "Kept edit" });
    await kept.waitFor();
    expect(await kept.locator("ins").innerText()).toContain("One more thing");
    const id = (await kept.getAttribute("data-edit"))!;
    const edit = (await findEdit(store, id))!;
    expect(edit).toMatchObject({ user: "reader-1", draft: written, edited: `${written} One more thing` });
    expect(await kept.innerText()).toContain(`cost ${edit.cost.toFixed(3)}`);
    await shot(page, "desk");
    const arms = await listArms(store, "desk");
    expect(arms.find(({ arm }) => arm === edit.policy)).toMatchObject({ pulls: 1, n: 1 });
    await page.goto(`${server.url}/edits?user=reader-1`);
    await page.getByText("1 edit", { exact: true }).waitFor();
    expect(await page.locator("article.edit").innerText()).toContain("One more thing");
    await page.context().close();
  });

  it("follows a live run to its end, stops one, and compares two", async () => {
    const wait = { name: "wait", answer: () => new Promise<number>((done) => setTimeout(() => done(0), 4)) };
    const walk: Solver<{ fingerprint: string; wait: typeof wait }, number, number> = {
      name: "walk",
      *init() {
        return 0;
      },
      *step(problem, t) {
        yield* ask(problem.wait, [0 as never]);
        return t + 1;
      },
      metrics: (t) => ({ gap: 3 / t, "gap.lower": 2 / t, "gap.upper": 4 / t, loss: Math.exp(-t / 100) }),
      status: () => "running",
      result: (_, t) => t,
    };
    const start = (id: string, maxSteps: number) =>
      recordRun<number, number>(store, { id, name: "walk", command: "test", everySeconds: 0.1 }, (recorded) =>
        run(walk, { fingerprint: "w", wait }, { seed: 1, stop: { maxSteps }, ...recorded }),
      );
    const first = start("walk-1", 400);
    const page = await open("/runs");
    const card = page.getByRole("region", { name: "Run walk" });
    await card.getByText("running").waitFor();
    await page.getByRole("img", { name: /^gap against oracle calls/ }).waitFor();
    const early = await card.innerText();
    await card.getByText("budget").waitFor();
    expect((await first).status).toBe("budget");
    expect(await card.innerText()).not.toBe(early);
    expect(await card.innerText()).toContain("400 steps");
    expect(await page.getByRole("img", { name: /^gap/ }).getAttribute("aria-label")).toContain("0.00750");
    expect(await page.locator(".plot canvas").count()).toBe(2);
    const second = start("walk-2", 1_000_000);
    await page.goto(`${server.url}/runs?run=walk-2`);
    await page.getByRole("button", { name: "Stop" }).click();
    expect((await second).status).toBe("cancelled");
    await page.getByLabel("Show walk walk-1").check();
    await page.getByText("walk walk-1").first().waitFor();
    await page.getByRole("combobox", { name: "Against" }).selectOption("seconds");
    await page.getByRole("img", { name: /^gap against seconds/ }).waitFor();
    await shot(page, "runs");
    expect((await findRun(store, "walk-2"))?.status).toBe("cancelled");
    await page.context().close();
  });

  it("shows what others typed as text, whatever it is", async () => {
    await addEdits(store, [
      {
        id: NASTY,
        created: Date.now(),
        context: NASTY,
        draft: `a ${NASTY}`,
        edited: `b ${NASTY}`,
        user: NASTY,
        policy: NASTY,
        source: "test",
        definition: "d",
        cost: 0.5,
        changes: 1,
        draftTokens: 2,
        editedTokens: 2,
        changed: true,
      },
    ]);
    await addCertificate(store, {
      name: NASTY,
      rules: [
        { rule: NASTY, verdict: "violated", slack: -0.25, counterexample: { [NASTY]: NASTY } },
        { rule: "price rises with size", verdict: "certified", slack: 0.125 },
      ],
    });
    const bandit = { name: NASTY, arms: [NASTY, "b"], options: {}, state: {} };
    await createBandit(store, bandit);
    const choice = { id: NASTY, segment: NASTY, arm: NASTY, ticket: NASTY };
    await store.transaction((inner) =>
      changeBandit(inner, NASTY, { state: {}, made: [choice], settled: [{ choice, cost: 1 }], dropped: [] }),
    );
    await savePolicy(store, { name: NASTY, kind: NASTY, details: { [NASTY]: NASTY } });
    const work = { id: "nasty", name: NASTY, command: NASTY, solver: NASTY, seed: NASTY };
    await recordWork(store, work, async ({ point }) => {
      for (const step of [1, 2]) point({ step, calls: step, metrics: { [NASTY]: step } });
      throw new Error(NASTY);
    }).catch(() => undefined);
    for (const path of [
      `/edits?${new URLSearchParams({ user: NASTY })}`,
      "/certificates",
      `/policies?${new URLSearchParams({ bandit: NASTY, segment: NASTY })}`,
      "/runs?run=nasty",
    ]) {
      const page = await open(path);
      await page.getByText(NASTY.slice(0, 30)).nth(2).waitFor({ state: "attached" });
      expect((await page.getByRole("main").innerText()).split(NASTY).length).toBeGreaterThan(3);
      expect(await page.title()).toMatch(/fpx studio$/);
      expect(await page.locator("img[src=x]").count()).toBe(0);
      await page.context().close();
    }
    expect(await deleteRun(store, "nasty")).toBe(true);
  });

  it("has nothing on any page, light or dark, that axe finds in the way of anyone", async () => {
    await fillPages();
    const barred: string[] = [];
    for (const colorScheme of ["light", "dark"] as const) {
      const page = await open("/runs?run=walk-1&run=walk-2", { colorScheme });
      for (const [name, ready] of Object.entries({
        runs: page.locator(".plot canvas").nth(1),
        desk: page.getByText("chosen by the bandit"),
        edits: page.locator("article.edit").nth(29),
        policies: page.locator(".plot canvas").nth(1),
        certificates: page.getByText("rules certified").nth(1),
      })) {
        if (name === "policies") await page.goto(`${server.url}/policies?bandit=replies`);
        else if (name !== "runs")
          await page.getByRole("navigation").getByText(name, { exact: false }).click();
        await ready.waitFor({ state: "attached" });
        // In the dark only colours differ.
        barred.push(...(await barriers(page, colorScheme === "dark" ? ["color-contrast"] : undefined)));
        await shot(page, `${name}-${colorScheme}`, name !== "edits");
      }
      await page.context().close();
    }
    const page = await (await browser.newContext()).newPage();
    await page.goto(`${locked.url}/edits`);
    await page.getByLabel(/^Token/).waitFor();
    barred.push(...(await barriers(page)));
    await page.context().close();
    expect(barred).toEqual([]);
  });

  it("filters the log by words, costs and names, from the keyboard too", async () => {
    const page = await open("/edits");
    await page.locator("article.edit").nth(29).waitFor();
    await page.getByRole("button", { name: "Older edits" }).click();
    await page.locator("article.edit").nth(59).waitFor();
    await page.keyboard.press("/");
    await page.keyboard.type("invoice");
    await page.keyboard.press("Enter");
    await page.waitForURL(/search=invoice/);
    await page.getByLabel("Order").selectOption("costliest");
    await page.waitForURL(/order=costliest/);
    await page.locator("article.edit").first().waitFor();
    expect((await page.locator("article.edit").first().innerText()).toLowerCase()).toContain("invoice");
    await shot(page, "edits-found");
    await page.getByRole("button", { name: "Clear filters" }).click();
    await page.keyboard.press("4");
    await page.getByRole("heading", { name: "Policies" }).waitFor();
    await page.keyboard.press("t");
    expect(await page.locator("html").getAttribute("data-theme")).toBe("dark");
    await page.getByRole("img", { name: /^Mean cost of each arm/ }).waitFor();
    await page.context().close();
    const dark = await open("/edits", { colorScheme: "dark" });
    await dark.locator("article.edit").first().waitFor();
    expect(await dark.evaluate(() => getComputedStyle(document.body).backgroundColor)).toBe(
      "rgb(18, 23, 30)",
    );
    await dark.context().close();
  });

  it("works on a phone", async () => {
    const page = await open("/edits", { viewport: { width: 380, height: 800 } });
    await page.locator("article.edit").first().waitFor();
    expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(380);
    await shot(page, "phone", false);
    await page.context().close();
    expect(complaints).toEqual([]);
  });

  it("asks for the token where the server does", async () => {
    const { secret } = await createToken(store, "reader", ["read"]);
    const page = await (await browser.newContext()).newPage();
    await page.goto(`${locked.url}/edits`);
    await page.getByLabel(/^Token/).fill(secret);
    await page.getByRole("button", { name: "Unlock" }).click();
    await page.locator("article.edit").first().waitFor();
    await page.context().close();
  });
});
