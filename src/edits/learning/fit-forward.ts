import { fingerprint, InvalidInput, type RunOptions, type RunResult, run } from "../../core/index.ts";
import { batchAt, loadProgram, type Runtime, type TensorData, type Tensors } from "../../lm/index.ts";
import { createRng, type Seed } from "../../random/index.ts";
import { residentWeights, type SeedReplayState, seedReplay, stepsWithin } from "../../zeroth-order/index.ts";
import type { FitProblem } from "./fit.ts";

/** How to train by forward passes. */
export interface ForwardFitOptions {
  /** Forward passes at most: two that prove that a batch's loss repeats, and two a step. */
  readonly forwardPasses: number;
  /** Examples a step. */
  readonly batchSize: number;
  /** How far each weight moves at the first step, about; it falls along a line to 0. */
  readonly learningRate: number;
}

/** Slopes are scaled, so that no steep place throws the weights away and one step size serves many models. */
const METHOD = { scaling: "rms" } as const;

/** Fewest passes of a run: two that prove that a batch's loss repeats, two of the first step. */
const LEAST_PASSES = 4;

/** How many steps `fitByForwardPasses` takes; throws `InvalidInput` when the passes are too few for one. */
export function forwardSteps({ forwardPasses }: ForwardFitOptions, seed: Seed): number {
  if (!(forwardPasses >= LEAST_PASSES))
    throw new InvalidInput(`forwardPasses is ${forwardPasses}: give at least ${LEAST_PASSES}`);
  return stepsWithin(forwardPasses, METHOD, seed);
}

/**
 * Trains the weights of `initial` to lower a loss by central differences along seeded directions: no gradient graph, no
 * optimiser state. The runtime reads the weights from the arrays that the directions are added to.
 *
 * @throws InvalidInput for fewer forward passes than one step takes; NonFinite when a loss is not finite.
 */
export async function fitByForwardPasses(
  runtime: Runtime,
  problem: FitProblem,
  options: ForwardFitOptions,
  runOptions: Omit<RunOptions<SeedReplayState>, "stop">,
): Promise<RunResult<SeedReplayState, Tensors>> {
  const { batchSize, learningRate } = options;
  const maxSteps = forwardSteps(options, runOptions.seed);
  const stepSize = { initial: learningRate, steps: maxSteps };
  const { loss, examples, feeds, frozen, identity } = problem;
  const weights = copyOf(problem.initial);
  const session = await loadProgram(runtime, { outputs: { loss } }, frozen);
  try {
    await session.share(weights);
    const order = createRng(runOptions.seed);
    const resident = residentWeights(
      Object.values(weights).map(({ data }) => data as Float32Array),
      async (batch) => {
        const places = Array.from(batchAt(order, examples, batchSize, batch));
        const outputs = await session.run(feeds(places), { fetch: ["loss"] });
        return Number(outputs["loss"]!.data[0]);
      },
      { fingerprint: fingerprint({ identity, batchSize, runtime: runtime.name }) },
    );
    const outcome = await run(seedReplay({ ...METHOD, stepSize }), resident, {
      ...runOptions,
      stop: { maxSteps },
    });
    return { ...outcome, result: weights };
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
