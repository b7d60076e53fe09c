/** What a run of seed replay leaves: a few numbers a step from which the same weights come out again, bit for bit. */
import { InvalidInput } from "../core/errors.ts";
import { decode, encode } from "../core/index.ts";
import type { Law, Seed } from "../random/index.ts";
import { createRng, randomFormat } from "../random/index.ts";
import { fromCopy, inPlace, type PerturbedWeights } from "./perturbed-weights.ts";
import { type Stencil, type StencilRule, stencilAt, usesLevels } from "./stencils.ts";

/** The history of a run. */
export interface ReplayLog {
  readonly format: "fpx replay/1";
  /** Version of the layout of the random streams. */
  readonly random: string;
  /** Numbers in the parameters. */
  readonly size: number;
  readonly seed: Seed;
  readonly law: Law;
  readonly rule: StencilRule;
  readonly directions: number;
  readonly inPlace: boolean;
  /** What was added along each direction, `directions` a step; `size` and these fix the result. */
  readonly amounts: Float32Array;
}

/** The stencils of a step, one for each direction; they follow from the seed. */
export function stencilsOf(
  { seed, rule, directions }: Pick<ReplayLog, "seed" | "rule" | "directions">,
  step: number,
): Stencil[] {
  const uniforms = usesLevels(rule.method)
    ? createRng(seed)
        .stream("replay levels", step)
        .uniforms(2 * directions)
    : new Float64Array(2 * directions);
  return Array.from({ length: directions }, (_, k) =>
    stencilAt(rule, uniforms[2 * k]!, uniforms[2 * k + 1]!),
  );
}

/** The weights of a log, at rest. */
export const weightsOf = (
  parameters: readonly Float32Array[],
  log: Pick<ReplayLog, "seed" | "law" | "inPlace">,
): PerturbedWeights => (log.inPlace ? inPlace : fromCopy)(parameters, log.seed, log.law);

/** Ends a step: adds the amounts, the direction that was probed last first. */
export function applyAmounts(weights: PerturbedWeights, step: number, amounts: ArrayLike<number>): void {
  for (let k = amounts.length - 1; k >= 0; k--) weights.update(step, k, amounts[k]!);
}

/**
 * Applies a log to parameters as they were before its first step: afterwards they have the bits that the run left. A run
 * in place is repeated with its probes, so that its rounding is too; a run from a copy takes one pass a direction.
 *
 * @throws InvalidInput when the parameters have another size, or the log comes from another layout of random streams.
 */
export function replay(parameters: readonly Float32Array[], log: ReplayLog): void {
  const size = sizeOf(parameters);
  if (size !== log.size)
    throw new InvalidInput(`the parameters have ${size} numbers, the log's had ${log.size}: give the same`);
  if (log.random !== randomFormat)
    throw new InvalidInput(`the log's random streams are ${log.random}, this fpx has ${randomFormat}`);
  const { directions, amounts } = log;
  const weights = weightsOf(parameters, log);
  for (let step = 0; step * directions < amounts.length; step++) {
    if (log.inPlace)
      for (const [k, { steps }] of stencilsOf(log, step).entries())
        for (const offset of steps) weights.probe(step, k, offset);
    applyAmounts(weights, step, amounts.subarray(step * directions, (step + 1) * directions));
  }
}

export const sizeOf = (parameters: readonly Float32Array[]): number =>
  parameters.reduce((sum, part) => sum + part.length, 0);

/** A log as the bytes of a file, 4 a direction and step and a head. */
export const encodeReplayLog = (log: ReplayLog): Uint8Array<ArrayBuffer> => encode(log);

/** Reads what `encodeReplayLog` wrote; throws `SnapshotMismatch` for damaged bytes and `InvalidInput` for others. */
export function decodeReplayLog(bytes: Uint8Array): ReplayLog {
  const log = decode(bytes) as Partial<ReplayLog> | null;
  if (log?.format !== "fpx replay/1" || !(log.amounts instanceof Float32Array))
    throw new InvalidInput("these bytes hold no replay log of this version: check the file name");
  return log as ReplayLog;
}
