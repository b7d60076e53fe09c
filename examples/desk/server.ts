/**
 * A writing desk: models of the AI SDK draft, a page lets people edit, and a log keeps what they leave. With one model the
 * middleware records its drafts; with several a late ensemble routes each draft to one of them and learns from the edits.
 *
 *   MODELS=base,tuned OPENAI_BASE_URL=http://localhost:8080/v1 node --import jiti/register examples/desk/server.ts
 */
import { readFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { createOpenAICompatible } from "@ai-sdk/openai-compatible";
import { serve } from "@hono/node-server";
import { generateText, wrapLanguageModel } from "ai";
import { editCost, editStats } from "fpx/edits";
import {
  type DurableEditLog,
  editLogMiddleware,
  generationId,
  lateEnsemble,
  openEditLog,
} from "fpx/integrations";
import { Hono } from "hono";

export type Models = Readonly<Record<string, Parameters<typeof wrapLanguageModel>[0]["model"]>>;

/** The desk's routes over a log and its models by name. */
export function createDesk(log: DurableEditLog, models: Models, patience = 20): Hono {
  const [name, first] = Object.entries(models)[0]!;
  const model =
    Object.keys(models).length === 1
      ? wrapLanguageModel({ model: first, middleware: editLogMiddleware(log, { policy: name, patience }) })
      : lateEnsemble(models as Record<string, Exclude<typeof first, { specificationVersion: "v2" }>>, log, {
          patience,
        });

  const app = new Hono();
  app.get("/", async (c) => c.html(await readFile(new URL("page.html", import.meta.url), "utf8")));
  app.post("/drafts", async (c) => {
    const { context, user } = await c.req.json<{ context: string; user: string }>();
    const result = await generateText({ model, prompt: context, providerOptions: { fpx: { user } } });
    // Without an id the draft was not recorded in time; the user gets it all the same.
    return c.json({ id: generationId(result) ?? null, draft: result.text });
  });
  app.post("/edits", async (c) => {
    const { id, edited } = await c.req.json<{ id: string; edited: string }>();
    const { draft } = await log.edited(id, edited);
    return c.json({ cost: editCost(draft, edited) });
  });
  app.get("/stats", (c) => {
    const records = log.records();
    if (records.length === 0) return c.json({ n: 0 });
    const { n, editedRate, meanCost, perPolicy, advice } = editStats(records);
    return c.json({ n, editedRate, meanCost, perPolicy, advice });
  });
  app.delete("/users/:user", async (c) => c.json({ removed: await log.forgetUser(c.req.param("user")) }));
  app.onError((error, c) => c.json({ error: error.message }, 400));
  return app;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const provider = createOpenAICompatible({
    name: "desk",
    baseURL: process.env["OPENAI_BASE_URL"] ?? "http://localhost:8080/v1",
    apiKey: process.env["OPENAI_API_KEY"] ?? "",
  });
  const names = (process.env["MODELS"] ?? "default").split(",");
  const log = await openEditLog("edits.jsonl");
  const app = createDesk(log, Object.fromEntries(names.map((name) => [name, provider(name)])));
  serve({ fetch: app.fetch, port: 3000 }, ({ port }) =>
    console.log(`the desk is at http://localhost:${port}`),
  );
}
