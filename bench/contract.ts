/** What the contract costs: `runSync` over a solver that asks, against the same loop written by hand. */
import { ask, type Oracle, type Problem, runSync, type Solver } from "../src/core/index.ts";
import { type BenchRow, compare } from "./harness.ts";

export const name = "The contract";

const STEPS = 100_000;

interface Line extends Problem {
  readonly value: Oracle<number, number>;
}

const line: Line = { fingerprint: "line", value: { name: "value", answer: (x) => (x - 3) ** 2 } };

/** Two questions a step, next to no work of its own: what is timed is the asking. */
const difference: Solver<Line, { x: number }, number> = {
  name: "difference",
  *init() {
    return { x: 0 };
  },
  *step(problem, { x }) {
    const [plus, minus] = yield* ask(problem.value, [x + 1e-3, x - 1e-3]);
    return { x: x - (0.1 * (plus! - minus!)) / 2e-3 };
  },
  metrics: () => ({}),
  status: () => "running",
  result: (_, { x }) => x,
};

function byHand(): number {
  let x = 0;
  for (let step = 0; step < STEPS; step++) {
    const plus = line.value.answer(x + 1e-3, undefined) as number;
    const minus = line.value.answer(x - 1e-3, undefined) as number;
    x -= (0.1 * (plus - minus)) / 2e-3;
  }
  return x;
}

/** The aim is a difference, not a ratio: at most 150 ns a batch of two questions over the loop by hand. */
export async function bench(): Promise<BenchRow[]> {
  const row = await compare({
    name: "a batch of two questions",
    ours: () => runSync(difference, line, { seed: 1, stop: { maxSteps: STEPS } }).result,
    peer: byHand,
    peerName: "a loop by hand",
    unit: "us",
    operations: STEPS,
  });
  const over: BenchRow = {
    name: "the same, over the loop by hand",
    ours: row.ours - row.peer!,
    peerName: "none",
    unit: "us",
    target: "<= 0.15",
  };
  return [row, over];
}
