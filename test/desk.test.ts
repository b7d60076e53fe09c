/** The example desk: as a program talks to it, and as a person does in a browser. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createOpenAICompatible } from "@ai-sdk/openai-compatible";
import { serve } from "@hono/node-server";
import { afterEach, beforeEach, expect, it } from "vitest";
import { createDesk } from "../examples/desk/server.ts";
import { type DurableEditLog, openEditLog } from "../src/integrations/index.ts";
import { type OpenAiServer, startOpenAi } from "./support/openai-server.ts";
import { freePort, startChromium } from "./support/services.ts";

let folder: string;
let server: OpenAiServer;
let log: DurableEditLog;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "fpx-desk-"));
  server = await startOpenAi((model, message) => `${model} writes: ${message}`);
  log = await openEditLog(join(folder, "edits.jsonl"));
});
afterEach(async () => {
  await log.close();
  await server.close();
  await rm(folder, { recursive: true });
});

const models = (...names: string[]) => {
  const provider = createOpenAICompatible({ name: "local", baseURL: server.url });
  return Object.fromEntries(names.map((name) => [name, provider(name)]));
};

it("drafts, keeps edits, routes among models, and forgets", async () => {
  const desk = createDesk(log, models("base", "tuned"), 30_000);
  const call = async (method: string, path: string, body?: unknown) => {
    const response = await desk.request(path, {
      method,
      headers: { "content-type": "application/json" },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    return [response.status, await response.json()] as const;
  };
  expect(await call("GET", "/stats")).toEqual([200, { n: 0 }]);
  const written: string[] = [];
  for (let i = 0; i < 6; i++) {
    const [, { id, draft }] = await call("POST", "/drafts", { context: `mail ${i}`, user: `u${i % 2}` });
    written.push(draft.split(" ")[0]);
    const edited = draft.startsWith("tuned") ? draft : "something else";
    expect(await call("POST", "/edits", { id, edited })).toEqual([200, { cost: expect.any(Number) }]);
  }
  expect(written).toEqual(["base", "tuned", "tuned", "tuned", "tuned", "tuned"]);
  expect(await call("GET", "/stats")).toMatchObject([
    200,
    { n: 6, perPolicy: [{ name: "tuned", n: 5 }, { n: 1 }] },
  ]);
  expect(await call("POST", "/edits", { id: "unknown", edited: "x" })).toMatchObject([
    400,
    { error: expect.stringMatching(/not in this log/) },
  ]);
  expect(await call("DELETE", "/users/u0")).toEqual([200, { removed: 3 }]);
  expect(await call("GET", "/stats")).toMatchObject([200, { n: 3 }]);
});

it("works in a browser", async (context) => {
  const browser = await startChromium();
  if (browser === undefined) return context.skip();
  const port = await freePort();
  const desk = serve({ fetch: createDesk(log, models("base"), 30_000).fetch, port, hostname: "127.0.0.1" });
  try {
    const page = await browser.newPage();
    await page.goto(`http://127.0.0.1:${port}/`);
    await page.fill("#context", "Ask Ann for the report.");
    await page.click("#draft");
    await page.waitForFunction('document.getElementById("edited").value !== ""');
    expect(await page.inputValue("#edited")).toBe("base writes: Ask Ann for the report.");
    await page.fill("#edited", "base writes: Ask Ann for the figures.");
    if (process.env["FPX_SCREENSHOT"]) await page.screenshot({ path: process.env["FPX_SCREENSHOT"] });
    await page.click("#send");
    await page.waitForFunction('document.getElementById("status").textContent !== ""');
    expect(await page.textContent("#status")).toBe("Sent; you changed 11 % of the draft.");
    expect(log.records()).toMatchObject([
      { user: "u1", policy: "base", edited: expect.stringMatching(/figures/) },
    ]);
  } finally {
    await browser.close();
    desk.close();
  }
});
