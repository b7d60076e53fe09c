/** Exact constrained fits against cvxpy with Clarabel, certificates a second, exact fits against SaDe. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fitExact } from "../src/constraints/exact-fit.ts";
import { prepareFit } from "../src/constraints/fit.ts";
import {
  certify,
  domain,
  evaluate,
  type FitOptions,
  fitConstrained,
  forAll,
  linearModel,
  when,
} from "../src/constraints/index.ts";
import { createRng } from "../src/random/index.ts";
import { type BenchRow, compare, openNumPy } from "./harness.ts";

export const name = "Models under rules";

const MARGIN = 1e-6;
const L2 = 1e-4;
/** So many that the code is compiled before most of them. */
const RULES = 2000;

/** Logistic data; where column 0 is at most 0.4 and column 4 is 0 the score must be negative. */
function instance(rows: number, columns: number): FitOptions<"logistic"> {
  const rng = createRng(rows + columns);
  const uniform = rng.stream("inputs").uniforms(rows * columns);
  const effects = rng.stream("effects").normals(columns);
  const noise = rng.stream("noise").normals(rows);
  const X = Array.from({ length: rows }, (_, r) => {
    const x = uniform.slice(r * columns, (r + 1) * columns);
    x[4] = Number(x[4]! < 0.8);
    return x;
  });
  const y = X.map((x, r) =>
    Number(x.reduce((sum, v, i) => sum + (v - 0.5) * effects[i]!, 0.3) + 0.8 * noise[r]! > 0),
  );
  const features = Object.fromEntries(
    Array.from({ length: columns }, (_, i) => [
      `x${i}`,
      i === 4 ? ({ binary: true } as const) : ([0, 1] as const),
    ]),
  );
  const rule = forAll((x) => when(x.in("x4").eq(0), x.in("x0").le(0.4)).then(x.out("score").lt(0)));
  return {
    X,
    y,
    domain: domain(features),
    constraints: [rule],
    task: "logistic",
    margin: MARGIN,
    l2: L2,
    weightLimit: Number.POSITIVE_INFINITY,
  };
}

export async function bench(): Promise<BenchRow[]> {
  const rows: BenchRow[] = [];
  const folder = mkdtempSync(join(tmpdir(), "fpx-bench-"));
  try {
    for (const [n, d] of [
      [480, 14],
      [2000, 50],
    ] as const) {
      const options = instance(n, d);
      const ours = () => fitExact(prepareFit(options).problem);
      const path = join(folder, `${n}.json`);
      writeFileSync(
        path,
        JSON.stringify({
          X: options.X.map((x) => Array.from(x as Float64Array)),
          y: options.y,
          loss: ours().loss,
        }),
      );
      const python = await openNumPy(definitions(path, d));
      for (const [operation, peerName] of [
        ["modelled", "cvxpy with Clarabel"],
        ["raw", "Clarabel alone"],
      ] as const)
        rows.push(
          await compare({
            name: `exact fit, n = ${n}, d = ${d}`,
            ours,
            peer: python?.operation(operation),
            peerName,
            unit: "ms",
            target: operation === "modelled" ? "<= 0.5" : "<= 1.5",
            note: python === undefined ? "set FPX_PYTHON to a Python with cvxpy" : "objectives equal to 1e-6",
          }),
        );
      python?.close();
    }
  } finally {
    rmSync(folder, { recursive: true });
  }
  rows.push(await certificates(), await againstSade());
  return rows;
}

async function certificates(): Promise<BenchRow> {
  const where = domain(
    Object.fromEntries(Array.from({ length: 20 }, (_, i) => [`x${i}`, [0, 1 + i] as const])),
  );
  const model = linearModel(where, ["f"], [[-300, ...createRng(1).stream("weights").normals(20)]]);
  const rules = Array.from({ length: RULES }, (_, r) =>
    forAll((x) => when(x.in(`x${r % 20}`).le((r % 7) / 8)).then(x.out("f").lt(0)), { name: `rule ${r}` }),
  );
  return compare({
    name: "certificate of a box rule, d = 20",
    ours: () => certify(model, rules).ok,
    peerName: "none",
    unit: "us",
    operations: RULES,
    target: "<= 100",
  });
}

/** SaDe takes seconds, so it runs once; medians of the exact fit. */
async function againstSade(): Promise<BenchRow> {
  const options = instance(480, 11);
  const row = await compare({
    name: "exact fit against SaDe, n = 480, d = 11",
    ours: () => fitExact(prepareFit(options).problem),
    peerName: "SaDe (MILP, 10 epochs)",
    unit: "ms",
    target: "<= 0.01",
  });
  const start = process.cpuUsage();
  const searched = await fitConstrained({ ...options, solver: "sade", sade: { weightLimit: 100 } });
  const { user, system } = process.cpuUsage(start);
  const peer = (user + system) / 1000;
  const { logLoss } = evaluate(searched.model, [], options.X, options.y).plain;
  return { ...row, peer, ratio: row.ours / peer, note: `SaDe ends with log-loss ${logLoss.toFixed(4)}` };
}

const definitions = (path: string, columns: number): string => `
import json, cvxpy as cp, clarabel
from scipy import sparse
data = json.load(open(${JSON.stringify(path)}))
X = np.array(data["X"]); y = np.array(data["y"], dtype=float); n, d = X.shape
u = np.ones(d); u[0] = .4; u[4] = 0
def build():
    w = cp.Variable(d); b = cp.Variable()
    s = X @ w + b
    loss = cp.sum(cp.logistic(s) - cp.multiply(y, s)) / n + ${L2 / 2} * cp.sum_squares(w)
    return cp.Problem(cp.Minimize(loss), [b + u @ cp.pos(w) <= -${MARGIN}])
def modelled():
    p = build(); p.solve(solver=cp.CLARABEL)
    assert abs(p.value - data["loss"]) < 1e-6, (p.value, data["loss"])
    return p.value
chain = build().get_problem_data(cp.CLARABEL)[0]
from cvxpy.reductions.solvers.conic_solvers.clarabel_conif import dims_to_solver_cones
cones = dims_to_solver_cones(chain["dims"])
P = sparse.triu(chain["P"]).tocsc() if "P" in chain else sparse.csc_matrix((len(chain["c"]),) * 2)
settings = clarabel.DefaultSettings(); settings.verbose = False
def raw(): return clarabel.DefaultSolver(P, chain["c"], chain["A"].tocsc(), chain["b"], cones, settings).solve().obj_val
assert ${columns} == d
`;
