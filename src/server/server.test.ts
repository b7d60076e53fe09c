import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { request } from "node:http";
import { connect } from "node:net";
import { hostname, tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { InvalidInput } from "../core/errors.ts";
import { ask, run, type Solver } from "../core/index.ts";
import { createRng } from "../random/index.ts";
import {
  addCertificate,
  createToken,
  editTotals,
  findBandit,
  findEdit,
  openStore,
  recordRun,
  revokeToken,
  type Store,
} from "../store/index.ts";
import { type RunningServer, startServer } from "./index.ts";

let folder: string;
let store: Store;
let local: RunningServer;
let guarded: RunningServer;
const errors: unknown[] = [];
const resumed: string[] = [];

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "fpx-server-"));
  const studio = join(folder, "studio");
  await mkdir(join(studio, "assets"), { recursive: true });
  await writeFile(join(studio, "index.html"), "<!doctype html><title>studio</title>");
  await writeFile(join(studio, "assets", "a-1.js"), "export {};");
  await writeFile(join(folder, "secret.js"), "secret");
  store = await openStore(join(folder, "fpx.db"), { threads: true });
  const drafter = (text: string) => ({
    kind: "test",
    draft: async (context: unknown) => `${text} ${String(context)}`,
  });
  local = await startServer(store, {
    studio,
    drafters: {
      base: drafter("Dear"),
      sft: drafter("Hi"),
      broken: { kind: "test", draft: () => Promise.reject(new Error("weights of the bank")) },
    },
    onError: (error) => errors.push(error),
    resume: async ({ id }) => void resumed.push(id),
    version: "1.2.3",
  });
  guarded = await startServer(store, {
    requireToken: true,
    rateLimit: { perSecond: 1, burst: 60 },
    bandit: "other",
  });
});

afterAll(async () => {
  await local?.close();
  await guarded?.close();
  await store?.close();
  await rm(folder, { recursive: true, force: true });
});

interface Answer {
  readonly status: number;
  // biome-ignore lint/suspicious/noExplicitAny: answers are looked at field by field
  readonly body: any;
  readonly headers: Headers;
  readonly text: string;
}

async function call(
  path: string,
  body?: unknown,
  {
    server = local,
    method,
    ...headers
  }: { server?: RunningServer; method?: string; [name: string]: unknown } = {},
): Promise<Answer> {
  const response = await fetch(`${server.url}${path}`, {
    method: method ?? (body === undefined ? "GET" : "POST"),
    headers: {
      ...(body === undefined ? {} : { "content-type": "application/json" }),
      ...(headers as Record<string, string>),
    },
    ...(body === undefined ? {} : { body: typeof body === "string" ? body : JSON.stringify(body) }),
  });
  const text = await response.text();
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch {
    parsed = undefined;
  }
  return { status: response.status, body: parsed, headers: response.headers, text };
}

/** A request with headers that fetch would not send. */
function raw(path: string, headers: Record<string, string>, method = "GET", body = ""): Promise<number> {
  const { hostname, port } = new URL(local.url);
  return new Promise((resolve, reject) => {
    const sent = request({ hostname, port, path, method, headers }, (response) => {
      response.resume();
      resolve(response.statusCode ?? 0);
    });
    sent.on("error", reject);
    sent.end(body);
  });
}

const edit = { context: "Ask Ann.", draft: "Dear Ann, send it.", edited: "Hi Ann, send it." };

describe("the API", () => {
  it("keeps an edit, once, with its cost, and lists it with its difference", async () => {
    const sent = { ...edit, id: "first", user: "u1", policy: "base", meta: { app: "mail" } };
    const first = await call("/api/edits", sent);
    expect(first.status).toBe(201);
    expect(first.body).toMatchObject({ id: "first", changes: 1, changed: true, duplicate: false });
    expect(first.body.cost).toBeCloseTo(1 / 6, 12);
    expect((await call("/api/edits", sent)).body.duplicate).toBe(true);
    expect(await findEdit(store, "first")).toMatchObject({ ...sent, source: "api" });
    const { body } = await call("/api/edits?user=u1&search=ann&changed=true");
    expect(body.count).toBe(1);
    expect(body.edits[0].diff).toContainEqual({ kind: "insert", text: "Hi" });
    expect((await call("/api/edits/first")).body.diff).toEqual(body.edits[0].diff);
    expect((await call("/api/edit-stats?user=u1")).body.totals.n).toBe(1);
    expect((await call("/api/advice")).body.advice.map(({ code }: { code: string }) => code)).toContain(
      "few-edits",
    );
    expect((await call("/api/edits/none")).status).toBe(404);
  });

  it("drafts by a bandit that learns from the edits, across servers", async () => {
    for (let i = 0; i < 24; i++) {
      const { body: draft } = await call("/api/drafts", { context: `Ann ${i}`, bandit: "desk", user: "u2" });
      if (draft.policy === undefined) continue;
      const { body: kept } = await call("/api/edits", { draftId: draft.id, edited: `Hi Ann ${i}` });
      expect(kept.cost > 0).toBe(draft.policy !== "sft");
      expect((await findEdit(store, kept.id))?.user).toBe("u2");
    }
    const { body } = await call("/api/bandits/desk");
    const arm = (name: string) => body.arms.find((one: { arm: string }) => one.arm === name);
    expect(arm("sft").n).toBeGreaterThan(arm("base").n);
    expect(arm("sft").meanCost).toBe(0);
    // A draft that fails costs the most, so its arm is left alone.
    expect(arm("broken").meanCost).toBe(2);
    expect(arm("broken").n).toBeLessThan(arm("sft").n);
    expect(errors.length).toBeGreaterThan(0);
    expect(body.history.at(-1).n).toBe(24);
  });

  it("lets a program's own bandit choose, and takes its costs once", async () => {
    expect((await call("/api/choose-arm", { bandit: "mine" })).status).toBe(404);
    const { body } = await call("/api/choose-arm", { bandit: "mine", arms: ["a", "b"], segment: "shop" });
    expect(body.arm).toBe("a");
    expect((await call("/api/feedback", { choice: body.choice, cost: 0.5 })).body.duplicate).toBe(false);
    expect((await call("/api/feedback", { choice: body.choice, cost: 0.5 })).body.duplicate).toBe(true);
    expect((await call("/api/feedback", { choice: "none", cost: 0.5 })).status).toBe(404);
    expect((await call("/api/choose-arm", { bandit: "mine", segment: "shop" })).body.arm).toBe("b");
    const { body: third } = await call("/api/choose-arm", { bandit: "mine" });
    const kept = await call("/api/edits", { ...edit, choice: third.choice });
    expect(kept.status).toBe(201);
    const { body: bandit } = await call("/api/bandits/mine");
    expect(bandit.arms.map((arm: { n: number }) => arm.n)).toEqual([1, 1, 0]);
  });

  it("commits many at once without loss, while the bandit stays whole", async () => {
    const before = (await editTotals(store)).n;
    const choices = await Promise.all(
      Array.from({ length: 60 }, () => call("/api/choose-arm", { bandit: "busy", arms: ["a", "b", "c"] })),
    );
    const kept = await Promise.all(
      choices.map(({ body }, i) =>
        call("/api/edits", { ...edit, id: `busy-${i % 50}`, choice: body.choice }),
      ),
    );
    expect(kept.every(({ status }) => status === 201)).toBe(true);
    expect(kept.filter(({ body }) => body.duplicate).length).toBe(10);
    expect((await editTotals(store)).n).toBe(before + 50);
    const { body } = await call("/api/bandits/busy");
    const sum = (key: string) =>
      body.arms.reduce((total: number, arm: Record<string, number>) => total + arm[key]!, 0);
    expect([sum("pulls"), sum("n")]).toEqual([60, 50]);
    const state = (await findBandit(store, "busy"))!.state as { segments: { "": { pending: unknown[] } } };
    expect(state.segments[""].pending.length).toBe(10);
  });

  it("shows runs live, by events that go on where a browser left off", async () => {
    const walk: Solver<
      { fingerprint: string; wait: { name: string; answer(): Promise<number> } },
      number,
      number
    > = {
      name: "walk",
      *init() {
        return 0;
      },
      *step(problem, t) {
        yield* ask(problem.wait, [0 as never]);
        return t + 1;
      },
      metrics: (t) => ({ gap: 1 / t }),
      status: () => "running",
      result: (_, t) => t,
    };
    const wait = { name: "wait", answer: () => new Promise<number>((done) => setTimeout(() => done(0), 10)) };
    const done = recordRun<number, number>(
      store,
      {
        id: "live",
        name: "walk",
        command: "test",
        everySeconds: 0.1,
        resume: ["run", "x.ts", "--resume", "live"],
      },
      (recorded) => run(walk, { fingerprint: "w", wait }, { seed: 1, ...recorded }),
    );
    await new Promise((next) => setTimeout(next, 300));
    expect((await call("/api/runs/live/resume", {})).status).toBe(409);
    expect((await call("/api/runs/live", undefined, { method: "DELETE" })).status).toBe(409);
    const events = await fetch(`${local.url}/api/runs/live/events`);
    setTimeout(() => void call("/api/runs/live/stop", {}), 600);
    const text = await events.text();
    expect((await done).status).toBe("cancelled");
    expect(text).toMatch(/event: points\n/);
    expect(text).toMatch(/event: end\ndata: {"status":"cancelled"}/);
    const ids = [...text.matchAll(/^id: (\d+)$/gm)].map((match) => Number(match[1]));
    expect(ids).toEqual([...ids].sort((a, b) => a - b));
    const again = await (
      await fetch(`${local.url}/api/runs/live/events`, { headers: { "last-event-id": String(ids.at(-1)) } })
    ).text();
    expect(again).not.toMatch(/event: points\n/);
    expect((await call("/api/runs")).text).not.toContain(hostname());
    expect((await call("/api/runs")).body.runs[0]).toMatchObject({
      id: "live",
      status: "cancelled",
      alive: false,
      resumable: true,
    });
    expect((await call("/api/runs/live/points?limit=5")).body.points.length).toBeLessThanOrEqual(6);
    expect((await call("/api/runs/live/resume", {})).body).toEqual({ done: true });
    expect(resumed).toEqual(["live"]);
    expect((await call("/api/runs/live", undefined, { method: "DELETE" })).body).toEqual({ done: true });
    expect((await call("/api/runs/live")).status).toBe(404);
  });

  it("shows certificates and policies, and describes itself as OpenAPI 3.1", async () => {
    await addCertificate(store, {
      name: "m",
      rules: [{ rule: "x <= 1", verdict: "violated", counterexample: { x: 2 } }],
    });
    expect((await call("/api/certificates")).body.certificates[0].verdict).toBe("violated");
    expect((await call("/api/policies")).body).toMatchObject({ bandit: "desk" });
    const { body } = await call("/openapi.json");
    expect(body.openapi).toMatch(/^3\.1/);
    const edits = body.paths["/api/edits"];
    const schema = edits.post.requestBody.content["application/json"].schema;
    expect(schema.properties.edited.maxLength).toBe(60_000);
    expect(edits.get.parameters.map(({ name }: { name: string }) => name)).toContain("search");
    expect(edits.post.responses["400"].content["application/problem+json"]).toBeDefined();
    expect(Object.keys(body.paths).length).toBeGreaterThan(15);
    expect((await call("/healthz")).body).toEqual({ status: "ok" });
    expect((await call("/api/me")).body).toEqual({ name: "local", scopes: ["admin"], version: "1.2.3" });
  });
});

describe("security", () => {
  const SECRET = "my-secret-text-8471";

  it("lets tokens in by their scopes, and none once revoked", async () => {
    const asked = (secret?: string) => ({
      server: guarded,
      ...(secret === undefined ? {} : { authorization: `Bearer ${secret}` }),
    });
    expect((await call("/api/runs", undefined, asked())).status).toBe(401);
    expect((await call("/api/edits", edit, asked())).status).toBe(401);
    expect((await call("/api/runs", undefined, asked("fpx_made_up_by_someone"))).status).toBe(401);
    const reader = await createToken(store, "reader", ["read"]);
    const writer = await createToken(store, "writer", ["write:edits"]);
    expect((await call("/api/runs", undefined, asked(reader.secret))).status).toBe(200);
    expect((await call("/api/edits", edit, asked(reader.secret))).status).toBe(403);
    expect((await call("/api/edits", edit, asked(writer.secret))).status).toBe(201);
    expect((await call("/api/edits", undefined, asked(writer.secret))).status).toBe(403);
    expect((await call("/api/runs/x/stop", {}, asked(writer.secret))).status).toBe(403);
    expect((await call("/api/runs/x/events", undefined, asked(writer.secret))).status).toBe(403);
    await revokeToken(store, writer.id);
    expect((await call("/api/edits", edit, asked(writer.secret))).status).toBe(401);
    // A token is looked at where none is needed, too.
    expect((await call("/api/edits", edit, { authorization: `Bearer ${writer.secret}` })).status).toBe(401);
  });

  it("never echoes what was sent", async () => {
    const bodies = [
      `{"context": "${SECRET}`,
      JSON.stringify({ context: SECRET }),
      JSON.stringify({ ...edit, edited: 7, [SECRET]: SECRET }),
      JSON.stringify({ ...edit, context: [{ role: "user", content: SECRET, [SECRET]: 1 }] }),
      JSON.stringify({ ...edit, id: SECRET.repeat(30) }),
      JSON.stringify({ draftId: SECRET, edited: SECRET }),
      JSON.stringify([SECRET]),
      JSON.stringify({ ...edit, draft: `${SECRET}\0` }),
      JSON.stringify({ ...edit, edited: "  " }),
      "null",
    ];
    for (const body of bodies) {
      const answer = await call("/api/edits", body);
      expect([400, 404]).toContain(answer.status);
      expect(answer.headers.get("content-type")).toContain("application/problem+json");
      expect(answer.body.code).toBeTypeOf("string");
      expect(answer.text).not.toContain(SECRET);
    }
    expect((await call("/api/edits", JSON.stringify(edit), { "content-type": "text/plain" })).status).toBe(
      415,
    );
    expect((await call("/api/drafts", { context: SECRET, policy: SECRET })).text).not.toContain(SECRET);
    const failed = await call("/api/drafts", { context: "x", policy: "broken" });
    expect(failed.status).toBe(500);
    expect(failed.text).not.toContain("bank");
    expect((await call(`/api/edits?after=${SECRET}&limit=${SECRET}`)).text).not.toContain(SECRET);
    expect((await call("/api/edits?limit=5&limit=7")).status).toBe(400);
  });

  it("refuses large bodies, with and without a length", async () => {
    const large = JSON.stringify({ ...edit, meta: { x: "y".repeat(300_000) } });
    const json = { "content-type": "application/json", host: new URL(local.url).host };
    expect(await raw("/api/edits", { ...json, "content-length": String(large.length) }, "POST", large)).toBe(
      413,
    );
    expect(await raw("/api/edits", { ...json, "transfer-encoding": "chunked" }, "POST", "{}")).toBe(411);
    expect((await call("/api/edits", { ...edit, draft: "x".repeat(60_001) })).status).toBe(400);
  });

  it("refuses other origins and names that were rebound", async () => {
    const { host } = new URL(local.url);
    const json = { "content-type": "application/json", host };
    const body = JSON.stringify(edit);
    expect(await raw("/api/edits", { ...json, origin: "https://evil.example" }, "POST", body)).toBe(403);
    expect(await raw("/api/edits", { ...json, origin: "null" }, "POST", body)).toBe(403);
    expect(await raw("/api/edits", { ...json, "sec-fetch-site": "cross-site" }, "POST", body)).toBe(403);
    expect(await raw("/api/runs", { host, "sec-fetch-site": "cross-site" })).toBe(403);
    expect(await raw("/api/runs", { host: "evil.example" })).toBe(403);
    expect(await raw("/", { host, "sec-fetch-site": "cross-site" })).toBe(200);
    expect(await raw("/api/edits", { ...json, origin: `http://${host}` }, "POST", body)).toBe(201);
    const { headers } = await call("/api/runs", undefined, { origin: local.url });
    expect(headers.get("access-control-allow-origin")).toBeNull();
    expect(headers.get("content-security-policy")).toContain("default-src 'none'");
    expect(headers.get("x-content-type-options")).toBe("nosniff");
    expect((await call("/api/edits", undefined, { method: "OPTIONS" })).status).toBe(404);
  });

  it("serves the studio's files and nothing above them", async () => {
    expect((await call("/")).text).toContain("studio");
    expect((await call("/edits")).text).toContain("studio");
    expect((await call("/assets/a-1.js")).headers.get("cache-control")).toContain("immutable");
    for (const path of [
      "/../secret.js",
      "/assets/../../secret.js",
      "/%2e%2e/secret.js",
      "/assets/..%2f..%2fsecret.js",
      "//secret.js",
      "/assets/none.js",
    ])
      expect(await raw(path, { host: new URL(local.url).host })).toBe(404);
  });

  it("keeps SQL and HTML as the texts that they are", async () => {
    const nasty = `'; drop table edits; -- "<img src=x onerror=alert(1)><script>alert(2)</script>\${x} %s \u202e`;
    const sent = {
      id: nasty,
      context: nasty,
      draft: nasty,
      edited: `${nasty}!`,
      user: nasty,
      policy: nasty,
      ts: nasty,
      meta: { [nasty]: nasty },
    };
    expect((await call("/api/edits", sent)).status).toBe(201);
    expect(await findEdit(store, nasty)).toMatchObject(sent);
    const { body } = await call(
      `/api/edits?${new URLSearchParams({ user: nasty, policy: nasty, search: nasty })}`,
    );
    expect(body.edits.map(({ id }: { id: string }) => id)).toEqual([nasty]);
    expect((await call(`/api/edits/${encodeURIComponent(nasty)}`)).body.draft).toBe(nasty);
  });

  it("is not held up by long texts that differ everywhere", async () => {
    const draws = createRng(1).draws("texts");
    const text = () => Array.from({ length: 29_000 }, () => draws.pick(["a", "b", "c"])).join(" ");
    const sent = { id: "long", context: "x", draft: text(), edited: text() };
    const began = performance.now();
    expect((await call("/api/edits", sent)).status).toBe(201);
    expect((await call("/api/edits/long")).body.diff).toBeNull();
    expect((await call("/api/edits")).body.edits[0]).toMatchObject({ id: "long", diff: null });
    expect(performance.now() - began).toBeLessThan(2000);
  });

  it("limits how often an address asks, and how long a slow client may take", async () => {
    const answers = await Promise.all(
      Array.from({ length: 90 }, () => call("/api/runs", undefined, { server: guarded })),
    );
    expect(answers.filter(({ status }) => status === 429).length).toBeGreaterThan(10);
    const { hostname, port } = new URL(local.url);
    const began = performance.now();
    const socket = connect(Number(port), hostname);
    socket.write("POST /api/edits HTTP/1.1\r\nHost: localhost\r\n");
    await new Promise((ended) =>
      socket
        .on("close", ended)
        .on("error", () => undefined)
        .resume(),
    );
    expect(performance.now() - began).toBeLessThan(20_000);
  });
});

describe("closing", () => {
  it("finishes what it took", async () => {
    const server = await startServer(store);
    const sent = Array.from({ length: 40 }, (_, i) =>
      call("/api/edits", { ...edit, id: `last-${i}` }, { server }).catch(() => undefined),
    );
    await new Promise((next) => setTimeout(next, 30));
    await server.close();
    for (const [i, answer] of (await Promise.all(sent)).entries())
      if (answer?.status === 201) expect(await findEdit(store, `last-${i}`)).toBeDefined();
    await expect(call("/healthz", undefined, { server })).rejects.toThrow();
  });

  it("says what it cannot do", async () => {
    const { port } = new URL(local.url);
    await expect(startServer(store, { port: Number(port) })).rejects.toThrow("in use");
    await expect(startServer(store, { studio: folder })).rejects.toThrow("not built");
    const drafters = { a: { kind: "t", draft: async () => "x" }, b: { kind: "t", draft: async () => "x" } };
    await expect(startServer(store, { drafters })).rejects.toThrow(InvalidInput);
  });
});
