import type { Asking } from "../../core/index.ts";
import type { Both, Pair } from "../problem.ts";
import { combine, type Manifold, scale } from "../spaces/manifold.ts";
import { evaluateSaddle, manifoldOf, type Name, type Saddle, type SaddlePoint } from "./saddle.ts";

/** A method of gradient play: from a certified pair to the next one. */
export interface GradientMethod<T> {
  readonly name: string;
  /** The default step, as a multiple of 1 / L. */
  readonly share: number;
  start(S: Saddle, at: SaddlePoint): T;
  step(
    S: Saddle,
    at: SaddlePoint,
    own: T,
    eta: number,
  ): Asking<{ readonly at: SaddlePoint; readonly own: T }>;
}

const each = <A>(f: (side: Name) => A): Both<A> => ({ x: f("x"), y: f("y") });

const move = (S: Saddle, z: Pair, v: Both<Float64Array>): Pair =>
  each((side) => manifoldOf(S, side).exp(z[side], v[side]));

/** The signed gradients at a pair: two calls, no certificate. */
function* field(S: Saddle, z: Pair): Asking<Both<Float64Array>> {
  return { x: yield* S.gradient("x", z), y: yield* S.gradient("y", z) };
}

const transported = (M: Manifold, from: Float64Array, to: Float64Array, a: number, X: Float64Array) =>
  scale(a, M.parallelTransport(from, to, X));

const nothing = () => ({});

/** Riemannian gradient descent-ascent. */
export const rgda: GradientMethod<object> = {
  name: "rgda",
  share: 1,
  start: nothing,
  *step(S, at, own, eta) {
    return {
      at: yield* evaluateSaddle(
        S,
        move(
          S,
          at,
          each((s) => scale(-eta, at.g[s])),
        ),
      ),
      own,
    };
  },
};

/** The corrected extragradient of Zhang, Zhang and Sra: no transport. */
export const rceg: GradientMethod<object> = {
  name: "rceg",
  share: 1,
  start: nothing,
  *step(S, at, own, eta) {
    const half = move(
      S,
      at,
      each((s) => scale(-eta, at.g[s])),
    );
    const g = yield* field(S, half);
    const v = each((s) => combine(-eta, g[s], 1, manifoldOf(S, s).log(half[s], at[s])));
    return { at: yield* evaluateSaddle(S, move(S, half, v)), own };
  },
};

/** Extragradient with parallel transport. */
export const reg: GradientMethod<object> = {
  name: "reg",
  share: 1,
  start: nothing,
  *step(S, at, own, eta) {
    const half = move(
      S,
      at,
      each((s) => scale(-eta, at.g[s])),
    );
    const g = yield* field(S, half);
    const v = each((s) => transported(manifoldOf(S, s), half[s], at[s], -eta, g[s]));
    return { at: yield* evaluateSaddle(S, move(S, at, v)), own };
  },
};

/** Where a past gradient was taken, and the gradient. */
interface Past extends Pair {
  readonly g: Both<Float64Array>;
}

/**
 * The past extragradient: each step leaves by the last half step's gradient, one pair of calls a step; its certificate
 * needs another.
 */
export const rpeg: GradientMethod<Past> = {
  name: "rpeg",
  share: 0.5,
  start: (_S, at) => ({ x: at.x, y: at.y, g: at.g }),
  *step(S, at, past, eta) {
    const half = move(
      S,
      at,
      each((s) => transported(manifoldOf(S, s), past[s], at[s], -eta, past.g[s])),
    );
    const g = yield* field(S, half);
    const v = each((s) => transported(manifoldOf(S, s), half[s], at[s], -eta, g[s]));
    return { at: yield* evaluateSaddle(S, move(S, at, v)), own: { ...half, g } };
  },
};

/** Optimistic gradient descent-ascent. */
export const rogda: GradientMethod<Past> = {
  name: "rogda",
  share: 0.5,
  start: (_S, at) => ({ x: at.x, y: at.y, g: at.g }),
  *step(S, at, past, eta) {
    const v = each((s) =>
      combine(-2 * eta, at.g[s], eta, manifoldOf(S, s).parallelTransport(past[s], at[s], past.g[s])),
    );
    return { at: yield* evaluateSaddle(S, move(S, at, v)), own: { x: at.x, y: at.y, g: at.g } };
  },
};
