/** The corpus on which a base model learns to write mails: plain ones, with every style now and then. */

import { InvalidInput } from "../../core/errors.ts";
import { createRng } from "../../random/index.ts";
import { drawFacts, promptOf } from "./mail-plan.ts";
import { DIMENSIONS, PLAIN } from "./mail-styles.ts";
import { writeMail } from "./mail-text.ts";

/** Above this rate a dimension with three styles has plain mails less often than any one of them. */
const MOST = 0.25;

export interface MailPair {
  readonly context: string;
  readonly mail: string;
}

/**
 * `count` pairs of context and mail. Each style other than plain has probability `styleRate` (default 0.12),
 * independently of the other dimensions and of the context: the corpus knows no wishes, and no fresh context.
 */
export function* mailCorpus(options: {
  readonly seed: number;
  readonly count: number;
  readonly styleRate?: number;
}): Generator<MailPair> {
  const { seed, count, styleRate = 0.12 } = options;
  if (!(styleRate >= 0 && styleRate <= MOST)) {
    throw new InvalidInput(
      `styleRate must be between 0 and ${MOST}, so that plain stays commonest, not ${styleRate}`,
    );
  }
  const rng = createRng(seed);
  for (let index = 0; index < count; index++) {
    const draws = rng.draws("mail/corpus", 0, index);
    const facts = drawFacts(draws, "corpus");
    const context = promptOf(facts, draws);
    const style = Object.fromEntries(
      DIMENSIONS.map(({ name, wishes }) => {
        const values = Object.keys(wishes);
        return [name, values[Math.floor(draws.uniform() / styleRate)] ?? PLAIN];
      }),
    );
    yield { context, mail: writeMail(facts, style, draws) };
  }
}
