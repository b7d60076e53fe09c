import type { Highs } from "highs";
import type { Row } from "./interior-point.ts";

/** Maximise gain . x under rows and bounds, some variables whole. */
export interface MixedProgramme {
  readonly gain: Float64Array;
  readonly lower: Float64Array;
  readonly upper: Float64Array;
  readonly rows: readonly Row[];
  readonly integers: readonly number[];
}

export interface MixedOptions {
  /** Branch-and-bound nodes; default no limit. */
  readonly maxNodes?: number;
  readonly timeoutMs?: number;
  /** The objective may stay so far below the optimum; default 0. */
  readonly gap?: number;
}

export interface MixedSolution {
  readonly status: "optimal" | "infeasible" | "limit";
  readonly x: Float64Array;
  /** No point is better than this, up to the solver's tolerance. */
  readonly bound: number;
  readonly timedOut: boolean;
}

/** The HiGHS module, ready to solve. */
export async function loadHighs(): Promise<Highs> {
  const { default: load } = await import("highs");
  // The package's types describe its CommonJS build; the ES module that is imported exports the loader itself.
  return (load as unknown as typeof load.default)();
}

/** Solves by HiGHS, with its tightest feasibility tolerances. */
export function maximiseMixed(
  highs: Highs,
  programme: MixedProgramme,
  options: MixedOptions = {},
): MixedSolution {
  const { gain, lower, upper, rows, integers } = programme;
  const { maxNodes, timeoutMs, gap = 0 } = options;
  const numCols = gain.length;
  const starts = new Int32Array(rows.length + 1);
  for (const [r, { indices }] of rows.entries()) starts[r + 1] = starts[r]! + indices.length;
  const integrality = new Int32Array(numCols);
  for (const i of integers) integrality[i] = highs.constants.variableType.integer;
  const data = {
    numCols,
    numRows: rows.length,
    sense: highs.constants.objectiveSense.maximize,
    colCost: gain,
    colLower: lower,
    colUpper: upper,
    rowLower: new Float64Array(rows.length).fill(Number.NEGATIVE_INFINITY),
    rowUpper: Float64Array.from(rows, ({ bound }) => bound),
    matrix: {
      format: "csr" as const,
      numRows: rows.length,
      numCols,
      starts,
      indices: Int32Array.from(rows.flatMap(({ indices }) => indices)),
      values: Float64Array.from(rows.flatMap(({ values }) => values)),
    },
    ...(integers.length === 0 ? {} : { integrality }),
  };
  return highs.withModel(data, (model): MixedSolution => {
    model.options.set({
      output_flag: false,
      primal_feasibility_tolerance: 1e-9,
      mip_feasibility_tolerance: 1e-9,
      mip_rel_gap: 0,
      mip_abs_gap: gap,
      ...(maxNodes === undefined ? {} : { mip_max_nodes: maxNodes }),
      ...(timeoutMs === undefined ? {} : { time_limit: timeoutMs / 1000 }),
    });
    model.run();
    const { modelStatus } = highs.constants;
    const status = model.getModelStatus();
    const x = model.getSolution().colValue;
    const optimal = status === modelStatus.optimal;
    const infeasible = status === modelStatus.infeasible || status === modelStatus.unboundedOrInfeasible;
    const objective = optimal ? gain.reduce((sum, g, i) => sum + g * x[i]!, 0) : Number.POSITIVE_INFINITY;
    return {
      status: optimal ? "optimal" : infeasible ? "infeasible" : "limit",
      x: Float64Array.from(x),
      bound: integers.length === 0 ? objective : Number(model.info.get("mip_dual_bound")),
      timedOut: status === modelStatus.timeLimit,
    };
  });
}
