import { fingerprint, InvalidInput, type RunOptions, type RunResult, run } from "../../core/index.ts";
import { batchAt, loadProgram, type Runtime, type TensorData, type Tensors } from "../../lm/index.ts";
import { createRng } from "../../random/index.ts";
import {
  residentWeights,
  type Schedule,
  type SeedReplayState,
  seedReplay,
} from "../../zeroth-order/index.ts";
import type { FitProblem } from "./fit.ts";

/** How to train by forward passes. */
export interface ForwardFitOptions {
  /** Forward passes in all; a step takes two. */
  readonly forwardPasses: number;
  /** Examples a step. */
  readonly batchSize: number;
  readonly stepSize: Schedule;
}

/**
 * Trains the weights of `initial` to lower a loss by central differences along seeded directions: no gradient graph, no
 * optimiser state. The runtime reads the weights from the arrays that the directions are added to.
 *
 * @throws InvalidInput for fewer than two forward passes; NonFinite when a loss is not finite.
 */
export async function fitByForwardPasses(
  runtime: Runtime,
  problem: FitProblem,
  { forwardPasses, batchSize, stepSize }: ForwardFitOptions,
  runOptions: Omit<RunOptions<SeedReplayState>, "stop">,
): Promise<RunResult<SeedReplayState, Tensors>> {
  const steps = Math.floor(forwardPasses / 2);
  if (steps < 1)
    throw new InvalidInput(`forwardPasses is ${forwardPasses}: give at least 2, a step takes two`);
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
    const outcome = await run(seedReplay({ stepSize }), resident, {
      ...runOptions,
      stop: { maxSteps: steps },
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
