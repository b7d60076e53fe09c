/** What most rows ask: how many partial gradients a method needs for a certified gap. */
import type { Oracle } from "fpx";
import { solveMinMax } from "fpx/manifolds";
import { karcher, logdetOf, type Moduli, type Problem, unbalanced, weaklyCoupled } from "./instances.ts";

/** A problem by name and what it is drawn from. */
type Instance =
  | { readonly name: "weaklyCoupled" | "unbalanced"; readonly kappa: number; readonly seed: number }
  | { readonly name: "logdet"; readonly moduli: Moduli; readonly seed: number }
  | { readonly name: "karcher"; readonly size: number; readonly points: number; readonly seed: number };

export interface CallsQuestion {
  readonly problem: Instance;
  readonly method: NonNullable<NonNullable<Parameters<typeof solveMinMax>[1]>["method"]>;
  readonly tolerance: number;
  /** RCEG takes the step with a proved linear rate on a space of this curvature factor, in place of the method's own. */
  readonly bend?: number;
}

function problemOf(instance: Instance): Problem {
  switch (instance.name) {
    case "weaklyCoupled":
      return weaklyCoupled(instance.kappa, instance.seed);
    case "unbalanced":
      return unbalanced(instance.kappa, instance.seed);
    case "logdet":
      return logdetOf(instance.moduli, instance.seed);
    case "karcher":
      return karcher(instance.size, instance.points, instance.seed);
  }
}

/** The step of RCEG with a proved linear rate: about 2.6 times shorter than 1 / L here. */
const safeStep = ({ constants: { Lx, Ly, Lxy } }: Problem, bend: number): number =>
  1 / (2 * (Math.max(Lx, Ly) + Lxy) * Math.sqrt(bend));

/** Partial gradients to the certified gap; infinite when the run ends otherwise. */
export const calls: Oracle<CallsQuestion, number> = {
  name: "calls",
  answer({ problem: instance, method, tolerance, bend }) {
    const problem = problemOf(instance);
    const limits = { tolerance, maxCalls: 500_000 };
    const { calls, status, certified } = solveMinMax(
      problem,
      bend === undefined
        ? { method, ...limits }
        : { method: "rceg", step: safeStep(problem, bend), ...limits },
    );
    return status === "converged" && certified ? calls.gradX + calls.gradY : Number.POSITIVE_INFINITY;
  },
};
