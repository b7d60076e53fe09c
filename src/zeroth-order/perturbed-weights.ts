/**
 * Weights that are probed along directions which nobody stores: a direction is drawn again from its name whenever it is
 * needed (seed replay, Malladi et al. 2023).
 */
import { createRng, type Law, type Rng, type Seed } from "../random/index.ts";

/** Weights at `offset` along one direction, and updates along directions. */
export interface PerturbedWeights {
  /** Moves the weights to `offset` along direction (step, index); offset 0 is where they rest. */
  probe(step: number, index: number, offset: number): void;
  /** Lets the weights rest again, moved by `amount` along direction (step, index). */
  update(step: number, index: number, amount: number): void;
  /** Lets the weights rest. */
  rest(): void;
}

/** A direction in use. */
interface Place {
  readonly step: number;
  readonly index: number;
  readonly offset: number;
}

type Move = (step: number, index: number, amount: number) => void;

/** Adds multiples of directions to arrays, as if they were one array. */
const mover =
  (rng: Rng, law: Law): ((to: readonly Float32Array[]) => Move) =>
  (to) =>
  (step, index, amount) => {
    const stream = rng.stream("seed replay", step, index);
    let offset = 0;
    for (const part of to) {
      stream.perturb(part, amount, { law, offset });
      offset += part.length;
    }
  };

/**
 * In place no second copy exists; what float32 rounds away at a probe is not given back. With signs and a `mu` that is
 * a power of two the drift ends after the first steps (1e-7 relative).
 */
export function inPlace(parameters: readonly Float32Array[], seed: Seed, law: Law): PerturbedWeights {
  const move = mover(createRng(seed), law)(parameters);
  let at: Place | undefined;
  const rest = () => {
    if (at !== undefined && at.offset !== 0) move(at.step, at.index, -at.offset);
    at = undefined;
  };
  const isAt = (step: number, index: number): boolean => at?.step === step && at.index === index;
  return {
    probe(step, index, offset) {
      if (!isAt(step, index)) rest();
      const distance = offset - (at?.offset ?? 0);
      if (distance !== 0) move(step, index, distance);
      at = { step, index, offset };
    },
    update(step, index, amount) {
      // Going back and updating along the same direction is one move.
      const back = isAt(step, index) ? at!.offset : 0;
      if (back === 0) rest();
      if (amount !== back) move(step, index, amount - back);
      at = undefined;
    },
    rest,
  };
}

/** From a master copy: as many numbers again, and no drift. */
export function fromCopy(parameters: readonly Float32Array[], seed: Seed, law: Law): PerturbedWeights {
  const masters = parameters.map((part) => part.slice());
  const to = mover(createRng(seed), law);
  const [probe, update] = [to(parameters), to(masters)];
  const rest = () => {
    for (const [i, part] of parameters.entries()) part.set(masters[i]!);
  };
  return {
    probe(step, index, offset) {
      rest();
      if (offset !== 0) probe(step, index, offset);
    },
    update(step, index, amount) {
      update(step, index, amount);
      rest();
    },
    rest,
  };
}
