import { InvalidInput } from "../core/errors.ts";
import { type Atom, compileRules, type Region } from "./compile.ts";
import { modelOf } from "./exact-fit.ts";
import { type FitOptions, prepareFit } from "./fit.ts";
import { type Convex, minimise, type Row } from "./interior-point.ts";
import type { Predictor } from "./metrics.ts";
import { type LinearModel, type Model, scoresAt, type Task } from "./model.ts";
import type { Rule } from "./rules.ts";

export interface PenaltyOptions<T extends Task = Task> extends Omit<FitOptions<T>, "solver" | "sade"> {
  /** Weight of the mean squared violation on the training rows; 0 gives the unconstrained model. */
  readonly penalty: number;
}

/**
 * The usual alternative: rules as a penalty on training rows (semantic regularisation), loss + penalty * mean of
 * squared violations. Nothing is guaranteed. Of alternatives, the atom that is nearest counts.
 *
 * @throws InvalidInput for data, options or rules that do not fit.
 */
export function fitPenalised<T extends Task>(options: PenaltyOptions<T>): LinearModel<T> {
  const { penalty } = options;
  if (!(penalty >= 0 && Number.isFinite(penalty)))
    throw new InvalidInput(`penalty is ${penalty}: give a finite number from 0 up`);
  const { problem, examples } = prepareFit(options);
  const { domain, loss, clauses, outputs } = problem;
  const { offset, scale } = domain.scaler;
  const width = domain.columns.length + 1;
  const inside = examples.raw.flatMap((raw) =>
    clauses.flatMap((clause) =>
      !clause.slope && contains(clause.region, raw) ? [{ raw, atoms: clause.atoms }] : [],
    ),
  );
  const share = penalty / examples.raw.length;
  const terms = inside.map(({ raw, atoms }) => ({
    scaled: Float64Array.from({ length: width }, (_, i) =>
      i === 0 ? 1 : (raw[i - 1]! - offset[i - 1]!) / scale[i - 1]!,
    ),
    atoms: atoms.map(({ outputs: factors, inputs, constant }) => ({
      factors,
      constant: inputs.reduce((sum, c, i) => sum + c * raw[i]!, constant),
    })),
  }));
  /** The nearest atom of each row at x: its excess, and its factors. */
  const excesses = (x: Float64Array) =>
    terms.map(({ scaled, atoms }) => {
      const scores = outputs.map((_, k) => scaled.reduce((sum, z, i) => sum + z * x[k * width + i]!, 0));
      const values = atoms.map(({ factors, constant }) =>
        scores.reduce((sum, score, k) => sum + factors[k]! * score, constant),
      );
      const nearest = values.indexOf(Math.min(...values));
      return { excess: Math.max(0, values[nearest]!), factors: atoms[nearest]!.factors, scaled };
    });
  const penalised: Convex = {
    size: loss.size,
    quadratic: false,
    value: (x) => loss.value(x) + (share / 2) * excesses(x).reduce((sum, { excess }) => sum + excess ** 2, 0),
    derivatives(x, gradient, hessian) {
      loss.derivatives(x, gradient, hessian);
      for (const { excess, factors, scaled } of excesses(x)) {
        if (excess === 0) continue;
        const direction = new Float64Array(loss.size);
        for (const [k, factor] of factors.entries())
          for (let i = 0; i < width; i++) direction[k * width + i] = factor * scaled[i]!;
        for (let a = 0; a < loss.size; a++) {
          if (direction[a] === 0) continue;
          gradient[a]! += share * excess * direction[a]!;
          for (let b = 0; b < loss.size; b++)
            hessian[a * loss.size + b]! += share * direction[a]! * direction[b]!;
        }
      }
    },
  };
  const limits: Row[] = Number.isFinite(problem.weightLimit)
    ? Array.from({ length: loss.size }, (_, i) =>
        [1, -1].map((s) => ({ indices: [i], values: [s], bound: problem.weightLimit })),
      ).flat()
    : [];
  return modelOf(problem, minimise(penalised, limits).x) as LinearModel<T>;
}

/** The model without its rules: what the data alone say. */
export function fitUnconstrained<T extends Task>(
  options: Omit<FitOptions<T>, "solver" | "sade">,
): LinearModel<T> {
  return fitPenalised({ ...options, penalty: 0 });
}

/**
 * Repairs every prediction on its own: the nearest outputs that keep the rules at that input. Where alternatives are
 * broken, the one nearest to holding is repaired. Simple, and strong where one output can be fixed alone.
 *
 * @throws InvalidInput for rules with unknown names.
 */
export function postProcess(model: Model, rules: readonly Rule[], margin = 1e-6): Predictor {
  const { clauses } = compileRules(rules, model.domain, model.outputs);
  const own = clauses.filter(({ slope }) => !slope);
  return (raw) => {
    const scores = scoresAt(model, raw);
    const rows = own
      .filter(({ region }) => contains(region, raw))
      .map(({ atoms }) => repairRow(atoms, scores, raw, margin));
    if (
      rows.every(
        ({ indices, values, bound }) =>
          indices.reduce((sum, k, p) => sum + values[p]! * scores[k]!, 0) <= bound,
      )
    )
      return scores;
    const distance: Convex = {
      size: scores.length,
      quadratic: true,
      value: (x) => scores.reduce((sum, score, k) => sum + (x[k]! - score) ** 2 / 2, 0),
      derivatives(x, gradient, hessian) {
        for (let k = 0; k < scores.length; k++) {
          gradient[k] = x[k]! - scores[k]!;
          hessian[k * scores.length + k]! += 1;
        }
      },
    };
    return minimise(distance, rows, { start: scores }).x;
  };
}

function repairRow(
  atoms: readonly Atom[],
  scores: Float64Array,
  raw: ArrayLike<number>,
  margin: number,
): Row {
  const rows = atoms.map(({ outputs, inputs, constant }): Row & { readonly excess: number } => {
    const fixed = inputs.reduce((sum, c, i) => sum + c * raw[i]!, constant);
    const bound = -fixed - margin;
    return {
      indices: [...outputs.keys()],
      values: [...outputs],
      bound,
      excess: scores.reduce((sum, score, k) => sum + outputs[k]! * score, 0) - bound,
    };
  });
  return rows.reduce((best, row) => (row.excess < best.excess ? row : best));
}

const contains = ({ lower, upper, rows }: Region, raw: Float64Array): boolean =>
  raw.every((value, i) => value >= lower[i]! && value <= upper[i]!) &&
  rows.every(({ coefficients, bound }) => coefficients.reduce((sum, c, i) => sum + c * raw[i]!, 0) <= bound);
