/** Where the iterate and the sums over it lie while steps are taken: in the state, or in the kernels' memory. */
import { dotAt } from "../linalg/index.ts";
import { createKernels, type Kernels } from "../wasm/index.ts";
import { pushScatter } from "./scatter.ts";
import type { KieferWolfowitzState } from "./state.ts";

export interface Workplace {
  readonly theta: Float64Array;
  readonly average: Float64Array;
  /** Takes the iterate as number `count` into the average, and the average into the scatter where one is kept. */
  push(count: number): void;
}

/** The state's own arrays. */
export class StatePlace implements Workplace {
  readonly theta: Float64Array;
  readonly average: Float64Array;
  readonly #state: KieferWolfowitzState<never>;

  constructor(state: KieferWolfowitzState<never>) {
    this.#state = state;
    this.theta = state.theta;
    this.average = state.average;
  }

  push(count: number): void {
    const { theta, average } = this;
    const share = 1 / count;
    for (let k = 0; k < theta.length; k++) average[k]! += share * (theta[k]! - average[k]!);
    const { scatter } = this.#state;
    if (scatter !== null) pushScatter(scatter, average);
  }

  /** x'theta of the row that begins at `at`. */
  score(rows: Float64Array, at: number): number {
    return dotAt(rows, at, this.theta, 0, this.theta.length);
  }
}

/** Numbers of rows that lie in the kernels' memory at a time. */
const ROOM = 8192;

/** Kernels that are not in use; a stretch of rows borrows one of them, and they never are more than run at once. */
const idle: Kernels[] = [];

/** The same arrays in the memory of kernels of its own, for as long as a stretch of rows lasts: the same bits, faster. */
export class KernelPlace implements Workplace {
  readonly theta: Float64Array;
  readonly average: Float64Array;
  /** Rows go in here, as many as fit. */
  readonly rows: Float64Array;
  readonly #state: KieferWolfowitzState<never>;
  readonly #kernels: Kernels;
  readonly #mean: Float64Array;
  readonly #scatter: Float64Array;
  readonly #diagonal: (share: number, gain: number) => void;

  /** Undefined where WebAssembly cannot be used. */
  static open(state: KieferWolfowitzState<never>): KernelPlace | undefined {
    const kernels = idle.pop() ?? createKernels();
    return kernels && new KernelPlace(state, kernels);
  }

  private constructor(state: KieferWolfowitzState<never>, kernels: Kernels) {
    const d = state.theta.length;
    const padded = (d + 1) & ~1;
    const width = d + 1;
    const length = Math.max(1, Math.floor(ROOM / width)) * width;
    const base = kernels.reserve(8 * (4 * padded + length)) / 8;
    const memory = kernels.float64;
    const place = (i: number, size = d) => memory.subarray(base + i * padded, base + i * padded + size);
    this.#state = state;
    this.#kernels = kernels;
    this.theta = place(0);
    this.average = place(1);
    this.#mean = place(2);
    this.#scatter = place(3);
    this.rows = place(4, length);
    this.theta.set(state.theta);
    this.average.set(state.average);
    const { scatter } = state;
    if (scatter !== null && !scatter.full) {
      this.#mean.set(scatter.mean);
      this.#scatter.set(scatter.scatter);
    }
    const { run } = kernels;
    const [averageAt, meanAt, scatterAt] = [this.average, this.#mean, this.#scatter].map((x) => x.byteOffset);
    this.#diagonal = (share, gain) => run.scatter64(averageAt!, meanAt!, scatterAt!, d, share, gain);
  }

  push(count: number): void {
    const { theta, average } = this;
    this.#kernels.run.average64(theta.byteOffset, average.byteOffset, theta.length, 1 / count);
    const { scatter } = this.#state;
    if (scatter !== null) pushScatter(scatter, average, this.#diagonal);
  }

  /** x'theta of the row that begins at `at` in `rows`. */
  score(at: number): number {
    const { theta, rows } = this;
    return this.#kernels.run.dot64(rows.byteOffset + 8 * at, theta.byteOffset, theta.length);
  }

  /** Takes everything back into the state. */
  close(): void {
    const { theta, average, scatter } = this.#state;
    theta.set(this.theta);
    average.set(this.average);
    if (scatter !== null && !scatter.full) {
      scatter.mean.set(this.#mean);
      scatter.scatter.set(this.#scatter);
    }
    idle.push(this.#kernels);
  }
}
