/** The table of commands: names and summaries for `fpx --help`, modules loaded on use. */
import type { CommandEntry } from "./cli.ts";

export const commands: readonly CommandEntry[] = [
  {
    name: "init",
    summary: "write a study that works, to begin from",
    load: async () => (await import("./init.ts")).defineInit,
  },
  {
    name: "learn",
    summary: "learn from a log of user edits: adapters, figures, a report",
    load: async () => (await import("./learn.ts")).defineLearn,
  },
  {
    name: "draft",
    summary: "write with a model and what was learned",
    load: async () => (await import("./draft.ts")).defineDraft,
  },
  {
    name: "run",
    summary: "run a study: here, in threads, on a cluster; go on with one",
    load: async () => (await import("./run.ts")).defineRun,
  },
  {
    name: "fit",
    summary: "fit a model that keeps rules for every input",
    load: async () => (await import("./fit.ts")).defineFit,
  },
  {
    name: "certify",
    summary: "check that a model keeps rules for every input",
    load: async () => (await import("./certify.ts")).defineCertify,
  },
  {
    name: "worker",
    summary: "answer the questions of runs on other machines",
    load: async () => (await import("./worker.ts")).defineWorker,
  },
  {
    name: "reproduce",
    summary: "run the studies of the papers and compare the figures",
    load: async () => (await import("./reproduce.ts")).defineReproduce,
  },
  {
    name: "infer",
    summary: "fit a model to a stream in one pass, with intervals",
    load: async () => (await import("./infer.ts")).defineInfer,
  },
  {
    name: "edits",
    summary: "look into a log of user edits: statistics, import, export",
    load: async () => (await import("./edits.ts")).defineEdits,
  },
  {
    name: "runs",
    summary: "look at recorded runs: list, show, compare, stop, delete, export",
    load: async () => (await import("./runs.ts")).defineRuns,
  },
  {
    name: "serve",
    summary: "serve drafts, edits, bandits and runs over HTTP",
    load: async () => (await import("./serve.ts")).defineServe,
  },
  {
    name: "studio",
    summary: "the same with web pages: runs live, edits, policies, certificates, a desk",
    load: async () => (await import("./serve.ts")).defineStudio,
  },
  {
    name: "token",
    summary: "make and revoke tokens of the server",
    load: async () => (await import("./token.ts")).defineToken,
  },
];
