export { type ClusterOptions, cluster } from "./cluster.ts";
export { type ClusterWorkerOptions, clusterWorker } from "./cluster-worker.ts";
export type { ProblemSource } from "./source.ts";
export { loadModule, loadProblem } from "./source.ts";
export { type ThreadsOptions, threads } from "./threads.ts";
