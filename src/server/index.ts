export { type Drafter, measure } from "./desk.ts";
export type { ResumeRun } from "./run-routes.ts";
export type { RateLimit } from "./security.ts";
export { type RunningServer, type ServerOptions, startServer } from "./server.ts";
