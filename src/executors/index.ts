export type { ProblemSource } from "./source.ts";
export { loadModule, loadProblem } from "./source.ts";
export { type ThreadsOptions, threads } from "./threads.ts";
