import { fingerprint, InvalidInput, type RunOptions, type RunResult, run } from "../../core/index.ts";
import { batchAt, loadProgram, type Runtime, type TensorData, type Tensors } from "../../lm/index.ts";
import { createRng, type Seed } from "../../random/index.ts";
import {
  type ResidentWeights,
  residentWeights,
  rowWeights,
  type SeedReplayOptions,
  type SeedReplayState,
  seedReplay,
  stepsWithin,
} from "../../zeroth-order/index.ts";
import type { FitProblem } from "./fit.ts";
import type { DirectionScope } from "./methods.ts";

/** How to train by forward passes. */
export interface ForwardFitOptions {
  /** Forward passes of a batch at most, two that prove that a batch's loss repeats included. */
  readonly forwardPasses: number;
  /** Examples in a forward pass. */
  readonly batchSize: number;
  /** How far each weight moves at the first step, about; it falls along a line to 0. */
  readonly learningRate: number;
  /**
   * `"example"`: many times the slopes from a pass, with memory for as many copies of the trained weights as examples.
   * `"batch"`: one slope from two passes, in the memory of inference.
   */
  readonly scope: DirectionScope;
}

/**
 * Slopes are scaled, so that no steep place throws the weights away and one step size serves many models. Of many
 * directions, forward differences with one loss in common give almost a slope a pass; their step is short, as their error
 * falls with it, and long enough for the rounding of float32.
 */
const METHODS = {
  example: { scaling: "rms", method: "forward", mu: 2 ** -11, numDirections: 16 },
  batch: { scaling: "rms" },
} as const satisfies Record<DirectionScope, Omit<SeedReplayOptions, "stepSize">>;

/** How many steps `fitByForwardPasses` takes; throws `InvalidInput` when the passes are too few for one. */
export function forwardSteps({ forwardPasses, scope }: ForwardFitOptions, seed: Seed): number {
  // Two that prove that a batch's loss repeats, and those of the first step.
  const least = scope === "example" ? 3 + METHODS.example.numDirections : 4;
  if (!(forwardPasses >= least))
    throw new InvalidInput(
      `forwardPasses is ${forwardPasses}: give at least ${least}${scope === "example" ? ', or directions "batch", which takes 4' : ""}`,
    );
  return stepsWithin(forwardPasses, METHODS[scope], seed);
}

/**
 * Trains the weights of `initial` to lower a loss by differences along seeded directions: no gradient graph, no optimiser
 * state. The runtime reads the weights from the arrays that the directions are added to.
 *
 * @throws InvalidInput for fewer forward passes than one step takes, and for directions by example where the problem has
 * no loss by row; NonFinite when a loss is not finite.
 */
export async function fitByForwardPasses(
  runtime: Runtime,
  problem: FitProblem,
  options: ForwardFitOptions,
  runOptions: Omit<RunOptions<SeedReplayState>, "stop">,
): Promise<RunResult<SeedReplayState, Tensors>> {
  const { batchSize, learningRate, scope } = options;
  const maxSteps = forwardSteps(options, runOptions.seed);
  const { examples, frozen, identity } = problem;
  const weights = copyOf(problem.initial);
  const parameters = Object.values(weights).map(({ data }) => data as Float32Array);
  const order = createRng(runOptions.seed);
  const placesOf = (batch: number) => Array.from(batchAt(order, examples, batchSize, batch));
  const named = {
    fingerprint: fingerprint({
      identity,
      batchSize,
      runtime: runtime.name,
      ...(scope === "example" ? { scope } : {}),
    }),
  };
  const descend = async (resident: ResidentWeights) => {
    const method = METHODS[scope];
    // The mean over n directions of slopes of size 1 moves each weight by about 1/√n.
    const slopes = resident.rows * ("numDirections" in method ? method.numDirections : 1);
    const stepSize = { initial: learningRate * Math.sqrt(slopes), steps: maxSteps };
    const outcome = await run(seedReplay({ ...method, stepSize }), resident, {
      ...runOptions,
      stop: { maxSteps },
    });
    return { ...outcome, result: weights };
  };

  if (scope === "batch") {
    const { loss, feeds } = problem;
    const session = await loadProgram(runtime, { outputs: { loss } }, frozen);
    try {
      await session.share(weights);
      const ask = async (batch: number) => {
        const outputs = await session.run(feeds(placesOf(batch)), { fetch: ["loss"] });
        return Number(outputs["loss"]!.data[0]);
      };
      return await descend(residentWeights(parameters, ask, named));
    } finally {
      await session.close();
    }
  }
  if (problem.rows === undefined)
    throw new InvalidInput(`this loss is no sum over examples: directions must be "batch"`);
  const { losses, feeds } = problem.rows(batchSize);
  const session = await loadProgram(runtime, { outputs: { losses } }, frozen);
  try {
    const ask = async (batch: number) => {
      const outputs = await session.run(feeds(placesOf(batch)), { fetch: ["losses"] });
      return outputs["losses"]!.data as Float32Array;
    };
    const resident = rowWeights(parameters, batchSize, ask, named);
    await session.share(
      Object.fromEntries(
        Object.entries(weights).map(([name, { dims }], i) => [
          name,
          { type: "float", dims: [batchSize, ...dims], data: resident.copies[i]! },
        ]),
      ),
    );
    return await descend(resident);
  } finally {
    await session.close();
  }
}

const copyOf = (tensors: Tensors): Tensors =>
  Object.fromEntries(
    Object.entries(tensors).map(([name, tensor]) => [
      name,
      { ...tensor, data: tensor.data.slice() } as TensorData,
    ]),
  );
