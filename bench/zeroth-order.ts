/**
 * Minimising a logistic loss from its values alone at equal evaluations against fmin and optimization-js, the cost of a
 * step of seed replay over a million parameters, and normals against NumPy's Philox.
 */
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { runInNewContext } from "node:vm";
import { createRng } from "../src/random/index.ts";
import { mezo, minimize } from "../src/zeroth-order/index.ts";
import { type BenchRow, compare, median, openNumPy } from "./harness.ts";

export const name = "Zeroth-order: gaps at equal evaluations, cost of a step, normals";

const EVALUATIONS = 12_000;
const LARGE = 1_000_000;
const RIDGE = 0.01;

/** Thrown inside a peer that knows no budget. */
class Spent extends Error {}

/** Logistic regression on 5 d points with labels by a noisy line. */
function logisticTask(d: number): {
  value: (x: ArrayLike<number>) => number;
  gradient: (x: Float64Array) => Float64Array;
} {
  const n = 5 * d;
  const rng = createRng(d);
  const points = rng.stream("points").normals(n * d);
  const line = rng.stream("line").normals(d);
  const noise = rng.stream("noise").normals(n);
  const margin = (x: ArrayLike<number>, i: number) => {
    let sum = 0;
    for (let j = 0; j < d; j++) sum += points[i * d + j]! * x[j]!;
    return sum;
  };
  const labels = noise.map((e, i) => (margin(line, i) + e >= 0 ? 1 : -1));
  return {
    value: (x) => {
      let [sum, square] = [0, 0];
      for (let i = 0; i < n; i++) sum += Math.log1p(Math.exp(-labels[i]! * margin(x, i)));
      for (let j = 0; j < d; j++) square += x[j]! ** 2;
      return sum / n + (RIDGE / 2) * square;
    },
    gradient: (x) => {
      const g = x.map((xj) => RIDGE * xj);
      for (let i = 0; i < n; i++) {
        const share = -labels[i]! / (1 + Math.exp(labels[i]! * margin(x, i))) / n;
        for (let j = 0; j < d; j++) g[j]! += share * points[i * d + j]!;
      }
      return g;
    },
  };
}

/** The least value, by accelerated gradient descent, which has the gradient. */
function leastValue(task: ReturnType<typeof logisticTask>, d: number): number {
  const lipschitz = 1 + d / 20;
  let x = new Float64Array(d);
  let y = x;
  const inertia = (Math.sqrt(lipschitz) - Math.sqrt(RIDGE)) / (Math.sqrt(lipschitz) + Math.sqrt(RIDGE));
  for (let t = 0; t < 1500; t++) {
    const g = task.gradient(y);
    const next = y.map((yi, i) => yi - g[i]! / lipschitz);
    y = next.map((xi, i) => xi + inertia * (xi - x[i]!));
    x = next;
  }
  return task.value(x);
}

interface Ended {
  readonly gap: number;
  /** Evaluations spent; a peer may stop by itself. */
  readonly evaluations: number;
  readonly milliseconds: number;
}

/** Lets a method spend the evaluations; the best value that it saw counts. */
function spend(
  task: ReturnType<typeof logisticTask>,
  least: number,
  method: (f: (x: ArrayLike<number>) => number) => void,
): Ended {
  let count = 0;
  let best = Number.POSITIVE_INFINITY;
  const start = process.cpuUsage();
  try {
    method((x) => {
      if (++count > EVALUATIONS) throw new Spent();
      const value = task.value(x);
      best = Math.min(best, value);
      return value;
    });
  } catch (error) {
    if (!(error instanceof Spent)) throw error;
  }
  const { user, system } = process.cpuUsage(start);
  return {
    gap: best - least,
    evaluations: Math.min(count, EVALUATIONS),
    milliseconds: (user + system) / 1000,
  };
}

type Minimizer = (f: (x: ArrayLike<number>) => number, x0: number[], options?: object) => unknown;

const INSTALL_PEERS = "npm install --no-save fmin@0.0.4 optimization-js@1.5.0";

/**
 * The peers that are installed, see `INSTALL_PEERS`. fmin exports nothing as a
 * module; as a script it puts itself on the global object.
 */
function peers(): { readonly nelderMead?: Minimizer; readonly powell?: Minimizer } {
  const require = createRequire(import.meta.url);
  try {
    const scope: { fmin?: { readonly nelderMead: Minimizer } } = {};
    runInNewContext(readFileSync(require.resolve("fmin"), "utf8"), scope);
    const { minimize_Powell } = require("optimization-js") as { readonly minimize_Powell: Minimizer };
    return { nelderMead: scope.fmin!.nelderMead, powell: minimize_Powell };
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "MODULE_NOT_FOUND") throw error;
    process.stderr.write(`fmin and optimization-js: not found (${INSTALL_PEERS})\n`);
    return {};
  }
}

function* gaps(): Generator<BenchRow> {
  const { nelderMead, powell } = peers();
  for (const d of [30, 200]) {
    const task = logisticTask(d);
    const least = leastValue(task, d);
    const zeros = () => new Array<number>(d).fill(0);
    const others: readonly (readonly [string, Ended | undefined])[] = [
      [
        "fmin Nelder-Mead",
        // It spreads its first simplex in proportion to the start, so that zeros would leave it flat.
        nelderMead &&
          spend(task, least, (f) => nelderMead(f, zeros().fill(1e-3), { maxIterations: EVALUATIONS })),
      ],
      ["optimization-js Powell", powell && spend(task, least, (f) => powell(f, zeros()))],
    ];
    for (const method of ["central", "p4"] as const) {
      const stepSize = d === 30 ? 0.3 : 0.06;
      const start = process.cpuUsage();
      const { value } = minimize(task.value, zeros(), {
        gradient: { method, mu: 1e-4, directions: "sphere" },
        stepSize,
        maxEvaluations: EVALUATIONS,
        seed: 1,
      });
      const { user, system } = process.cpuUsage(start);
      const cpu = `CPU ${((user + system) / 1000).toFixed(0)} ms`;
      for (const [peerName, ended] of others)
        yield {
          name: `gap, logistic d=${d}, ${method}`,
          ours: value - least,
          peerName,
          unit: "above the least value",
          ...(ended === undefined
            ? { note: `${cpu}; ${INSTALL_PEERS}` }
            : {
                peer: ended.gap,
                ratio: (value - least) / ended.gap,
                target: "< 1",
                note: `${cpu}, ${peerName} ${ended.milliseconds.toFixed(0)} ms for ${ended.evaluations} evaluations`,
              }),
        };
    }
  }
}

/** Nanoseconds a parameter and step, with a loss that reads one number. */
async function stepCost(): Promise<BenchRow> {
  const parameters = new Float32Array(LARGE);
  const steps = 20;
  const rounds: number[] = [];
  for (let round = 0; round < 9; round++) {
    const start = process.cpuUsage();
    await mezo([parameters], () => parameters[0]!, { stepSize: 1e-6, steps, seed: round });
    const { user, system } = process.cpuUsage(start);
    if (round >= 2) rounds.push(((user + system) * 1000) / (steps * LARGE));
  }
  return {
    name: "one step of seed replay, central, signs, 1e6 parameters in place",
    ours: median(rounds),
    peerName: "no peer, absolute aim",
    unit: "ns a parameter",
    target: "<= 15",
  };
}

const NUMPY = `
generator = np.random.Generator(np.random.Philox(1))
z = np.empty(${LARGE}); z32 = np.empty(${LARGE}, np.float32)
def normals64(): return generator.standard_normal(out=z)
def normals32(): return generator.standard_normal(out=z32, dtype=np.float32)
`;

export async function bench(): Promise<BenchRow[]> {
  const rows = [await stepCost()];
  const numpy = await openNumPy(NUMPY);
  const stream = createRng(1).stream("normals");
  const [z, z32] = [new Float64Array(LARGE), new Float32Array(LARGE)];
  for (const [what, ours, operation] of [
    ["1e6 normals f32", () => stream.normals(z32), "normals32"],
    ["1e6 normals f64", () => stream.normals(z), "normals64"],
  ] as const)
    rows.push(
      await compare({
        name: what,
        ours,
        peer: numpy?.operation(operation),
        peerName: numpy ? `NumPy ${numpy.version} Philox` : "NumPy (set FPX_PYTHON)",
        unit: "ms",
        target: "<= 0.667",
      }),
    );
  numpy?.close();
  return [...rows, ...gaps()];
}
