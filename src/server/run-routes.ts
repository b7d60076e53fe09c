/** Runs, their live curves, and what else was recorded: bandits, policies, certificates. */
import type { Hono } from "hono";
import { streamSSE } from "hono/streaming";
import {
  deleteRun,
  findBandit,
  findRun,
  isAlive,
  isResumable,
  listArmHistory,
  listArms,
  listBandits,
  listCertificates,
  listPoints,
  listPolicies,
  listRuns,
  type RunRecord,
  requestStop,
  type Store,
} from "../store/index.ts";
import { type Drafter, maximumCost } from "./desk.ts";
import { Problem } from "./problem.ts";
import { type AddRoute, describe, type Env } from "./routes.ts";
import * as schemas from "./schemas.ts";
import { authorize } from "./security.ts";

/** Goes on with a run in a process of its own. */
export type ResumeRun = (run: RunRecord) => Promise<void>;

export function addRunRoutes(route: AddRoute, store: Store, resume: ResumeRun | undefined): void {
  route({
    method: "get",
    path: "/api/runs",
    summary: "Runs, the newest first",
    scope: "read",
    query: schemas.runQuery,
    answer: schemas.runList,
    handle: async ({ query }) => ({ runs: (await listRuns(store, query)).map(shown) }),
  });

  route({
    method: "get",
    path: "/api/runs/:id",
    summary: "One run",
    scope: "read",
    answer: schemas.oneRun,
    handle: async ({ param }) => shown(await known(store, param)),
  });

  route({
    method: "get",
    path: "/api/runs/:id/points",
    summary: "A run's curves, thinned evenly to about `limit` points",
    scope: "read",
    query: schemas.pointQuery,
    answer: schemas.pointList,
    handle: async ({ param, query }) => ({
      points: [...(await listPoints(store, (await known(store, param)).id, query))],
    }),
  });

  route({
    method: "post",
    path: "/api/runs/:id/stop",
    summary: "Ask a run to stop; it keeps a snapshot",
    scope: "admin",
    answer: schemas.done,
    handle: async ({ param }) => ({ done: await requestStop(store, (await known(store, param)).id) }),
  });

  route({
    method: "post",
    path: "/api/runs/:id/resume",
    summary: "Go on with a run that was stopped",
    scope: "admin",
    answer: schemas.done,
    async handle({ param }) {
      const run = await known(store, param);
      if (isAlive(run)) throw new Problem(409, "RUN_ACTIVE", "the run is going on");
      if (resume === undefined || !isResumable(run))
        throw new Problem(409, "NOT_RESUMABLE", "this run cannot be resumed from here: use the command line");
      await resume(run);
      return { done: true };
    },
  });

  route({
    method: "delete",
    path: "/api/runs/:id",
    summary: "Delete a run with its curves and snapshot",
    scope: "admin",
    answer: schemas.done,
    handle: async ({ param }) => ({ done: await deleteRun(store, (await known(store, param)).id) }),
  });
}

export function addRecordRoutes(
  route: AddRoute,
  store: Store,
  drafters: Readonly<Record<string, Drafter>>,
  chosenBy: string | null,
): void {
  route({
    method: "get",
    path: "/api/bandits",
    summary: "Bandits that route drafts",
    scope: "read",
    answer: schemas.banditList,
    handle: async () => ({
      bandits: (await listBandits(store)).map((bandit) => ({
        name: bandit.name,
        arms: [...bandit.arms],
        maximumCost: maximumCost(bandit),
        updated: bandit.updated,
      })),
    }),
  });

  route({
    method: "get",
    path: "/api/bandits/:name",
    summary: "A bandit's arms by segment, and how their sums grew in one segment",
    scope: "read",
    query: schemas.segmentQuery,
    answer: schemas.oneBandit,
    async handle({ param, query: { segment = "" } }) {
      const bandit = await findBandit(store, param);
      if (bandit === undefined) throw new Problem(404, "UNKNOWN_BANDIT", "there is no bandit of this name");
      const [arms, history] = await Promise.all([
        listArms(store, param),
        listArmHistory(store, param, segment),
      ]);
      return {
        name: bandit.name,
        maximumCost: maximumCost(bandit),
        arms: [...arms],
        history: history.map(({ n, at, arms: sums }) => ({ n, at, arms: [...sums] })),
      };
    },
  });

  route({
    method: "get",
    path: "/api/policies",
    summary: "Policies that were trained or that this server writes with",
    scope: "read",
    answer: schemas.policyList,
    async handle() {
      const kept = await listPolicies(store);
      const names = new Set(kept.map(({ name }) => name));
      return {
        policies: [
          ...kept.map(({ name, kind, created, stale }) => ({
            name,
            kind,
            created,
            stale,
            drafts: name in drafters,
          })),
          ...Object.entries(drafters)
            .filter(([name]) => !names.has(name))
            .map(([name, { kind }]) => ({ name, kind, created: null, stale: false, drafts: true })),
        ],
        bandit: chosenBy,
      };
    },
  });

  route({
    method: "get",
    path: "/api/certificates",
    summary: "Certificates, the newest first",
    scope: "read",
    answer: schemas.certificateList,
    handle: async () => ({
      certificates: (await listCertificates(store)).map(({ rules, ...rest }) => ({
        ...rest,
        rules: rules.map((rule) => ({ ...rule })),
      })),
    }),
  });
}

/** How often a run is looked at, and how long a browser may take to read, in milliseconds. */
const POLL = 400;
const SLOWEST_READER = 20_000;
/** So often a quiet stream says that it lives, so that nothing in between takes it for dead. */
const BEAT = 15_000;

/** Live curves: `points` and `run` events, then `end`. A browser that comes back goes on after its Last-Event-ID. */
export function addRunEvents(app: Hono<Env>, store: Store, closing: AbortSignal): void {
  app.get(
    "/api/runs/:id/events",
    describe({
      summary: "A run's curves as they grow, as server-sent events",
      scope: "read",
      type: "text/event-stream",
    }),
    async (c) => {
      authorize(c.var.caller, "read");
      const { id } = await known(store, c.req.param("id"));
      const seen = Number(c.req.header("last-event-id") ?? c.req.query("after") ?? -1);
      return streamSSE(c, async (stream) => {
        let after = Number.isSafeInteger(seen) ? seen : -1;
        let open = true;
        const end = () => {
          open = false;
        };
        stream.onAbort(end);
        closing.addEventListener("abort", end, { once: true });
        let wrote = performance.now();
        const written = async (sent: Promise<unknown>): Promise<void> => {
          wrote = performance.now();
          if (!(await within(sent, SLOWEST_READER))) stream.abort();
        };
        const send = (event: string, data: unknown, eventId?: string): Promise<void> =>
          written(
            stream.writeSSE({
              event,
              data: JSON.stringify(data),
              ...(eventId === undefined ? {} : { id: eventId }),
            }),
          );
        let last = "";
        while (open) {
          const run = await findRun(store, id);
          const points = await listPoints(store, id, { after, limit: 1000 });
          after = points.at(-1)?.step ?? after;
          if (points.length > 0) await send("points", points, String(after));
          const state = JSON.stringify(run);
          if (run !== undefined && state !== last) await send("run", shown(run));
          last = state;
          if (run === undefined || !isAlive(run)) {
            await send("end", { status: run?.status ?? "deleted" });
            break;
          }
          if (performance.now() - wrote > BEAT) await written(stream.write(": alive\n\n"));
          await stream.sleep(POLL);
        }
        closing.removeEventListener("abort", end);
      });
    },
  );
}

async function within(work: Promise<unknown>, milliseconds: number): Promise<boolean> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<boolean>((resolve) => {
    timer = setTimeout(() => resolve(false), milliseconds);
  });
  const inTime = await Promise.race([work.then(() => true), late]);
  clearTimeout(timer);
  return inTime;
}

async function known(store: Store, id: string): Promise<RunRecord> {
  const run = await findRun(store, id);
  if (run === undefined) throw new Problem(404, "UNKNOWN_RUN", "there is no run of this id");
  return run;
}

function shown(record: RunRecord) {
  const { resume: _, fingerprint: __, process: ___, ...run } = record;
  return { ...run, alive: isAlive(record), resumable: isResumable(record) };
}
