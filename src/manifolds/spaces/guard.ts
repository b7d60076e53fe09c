import { NonFinite } from "../../core/errors.ts";
import { requireSize } from "./manifold.ts";

/** What the arguments of each operation are called. */
const ARGUMENTS = {
  exp: ["p", "X"],
  log: ["p", "q"],
  dist: ["p", "q"],
  inner: ["p", "X", "Y"],
  norm: ["p", "X"],
  parallelTransport: ["p", "q", "X"],
  egrad2rgrad: ["p", "G"],
  project: ["p", "X"],
  vectorFrom: ["p", "the coordinate vector"],
} as const;

type Operation = keyof typeof ARGUMENTS;

/** Looks at what the operations of one space are given and give. Arguments come in the operation's order. */
export interface Guard {
  /** Throws `InvalidInput` for the first argument that has not as many numbers as a point. */
  sized(operation: Operation, a: Float64Array, b?: Float64Array, c?: Float64Array): void;
  /** A result, as it is. Throws `NonFinite` when it, or `also`, a sum of what it leaves out, is not finite. */
  number(
    operation: Operation,
    result: number,
    also: number,
    a: Float64Array,
    b: Float64Array,
    c?: Float64Array,
  ): number;
  /** A result, as it is. Throws `NonFinite` when one of its numbers is not finite. */
  array(
    operation: Operation,
    result: Float64Array,
    a: Float64Array,
    b: Float64Array,
    c?: Float64Array,
  ): Float64Array;
  /** Throws `NonFinite` that names an argument that is not finite, or says that the result overflows, if so. */
  settle(
    operation: Operation,
    result: ArrayLike<number>,
    a: Float64Array,
    b: Float64Array,
    c?: Float64Array,
  ): void;
}

/** `step` says how long the step of an `exp` is that overflows. */
export function createGuard(
  space: string,
  size: number,
  step: (p: Float64Array, X: Float64Array) => string = () => "take a shorter one",
): Guard {
  const settle: Guard["settle"] = (operation, result, a, b, c = a) => {
    const given = [a, b, c];
    let largest = 0;
    for (const [i, name] of ARGUMENTS[operation].entries())
      for (const [k, value] of given[i]!.entries()) {
        if (!Number.isFinite(value))
          throw new NonFinite(
            `${name} is ${value} in place ${k}: ${operation} on ${space} needs finite numbers`,
          );
        largest = Math.max(largest, Math.abs(value));
      }
    for (let k = 0; k < result.length; k++)
      if (!Number.isFinite(result[k]))
        throw new NonFinite(
          operation === "exp"
            ? `exp on ${space} overflows: the step is too long: ${step(a, b)}`
            : `${operation} on ${space} overflows: what it is given reaches ${largest.toPrecision(3)}; give smaller numbers`,
        );
  };
  return {
    sized(operation, a, b = a, c = a) {
      if (a.length === size && b.length === size && c.length === size) return;
      const given = [a, b, c];
      for (const [i, name] of ARGUMENTS[operation].entries())
        requireSize(`${operation} on ${space}`, size, given[i]!, name);
    },
    // 0 times NaN or infinity is NaN. A sum of finite numbers may overflow: then nothing is thrown.
    number(operation, result, also, a, b, c) {
      if (0 * (result + also) !== 0) settle(operation, [result], a, b, c);
      return result;
    },
    array(operation, result, a, b, c) {
      let sum = 0;
      for (let i = 0; i < result.length; i++) sum += result[i]!;
      if (0 * sum !== 0) settle(operation, result, a, b, c);
      return result;
    },
    settle,
  };
}
