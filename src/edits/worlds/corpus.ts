/** The corpus on which a base model learns a task: plain texts, with every style now and then. */

import { InvalidInput } from "../../core/errors.ts";
import { createRng } from "../../random/index.ts";
import { PLAIN, type WritingTask } from "./task.ts";
import { writeText } from "./text.ts";

/** Above this rate a dimension with three styles has plain texts less often than any one of them. */
const MOST = 0.25;

export interface CorpusPair {
  readonly context: string;
  readonly text: string;
}

/**
 * `count` pairs of context and text. Each style other than plain has probability `styleRate` (default 0.12),
 * independently of the other dimensions and of the context: the corpus knows no wishes, and no fresh context.
 */
export function* taskCorpus(
  task: WritingTask,
  options: {
    readonly seed: number;
    readonly count: number;
    readonly styleRate?: number;
  },
): Generator<CorpusPair> {
  const { seed, count, styleRate = 0.12 } = options;
  if (!(styleRate >= 0 && styleRate <= MOST)) {
    throw new InvalidInput(
      `styleRate must be between 0 and ${MOST}, so that plain stays commonest, not ${styleRate}`,
    );
  }
  const rng = createRng(seed);
  for (let index = 0; index < count; index++) {
    const draws = rng.draws(`${task.name}/corpus`, 0, index);
    const facts = task.drawFacts(draws, "corpus");
    const context = task.promptOf(facts, draws);
    const style = Object.fromEntries(
      task.dimensions.map(({ name, wishes }) => {
        const values = Object.keys(wishes);
        return [name, values[Math.floor(draws.uniform() / styleRate)] ?? PLAIN];
      }),
    );
    yield { context, text: writeText(task, facts, style, draws) };
  }
}
