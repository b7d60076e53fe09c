/**
 * Online inference against a plain NumPy loop of the same recursion: linear model, one coordinate a step, forward
 * differences, random scaling on the diagonal, data generation included, by blocks on both sides. CPU time for an
 * observation.
 */
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { AveragedKieferWolfowitz, type Row } from "fpx/inference";
import { createWorld, feed } from "../experiments/inference/worlds.ts";
import { type BenchRow, compare, openNumPy } from "./harness.ts";

export const name = "Online inference: one observation";

const OBSERVATIONS = 100_000;
const NUMPY_STEPS = 500;
const DIMENSIONS = [5, 20, 100];
/** Measured by the kernels' bench: 5.2 to 5.3 ns a normal. */
const LIMIT = "drawing 101 normals takes 0.53 us alone, as much as a fifteenth of NumPy's time or more";

const definitions = `
rng = np.random.Generator(np.random.Philox(1))
def loop(d, steps=${NUMPY_STEPS}):
    truth = np.ones(d) / np.sqrt(d)
    theta = np.zeros(d); average = np.zeros(d)
    W = 0.0; M = np.zeros(d); C = np.zeros(d)
    root = np.sqrt(d)
    X = rng.standard_normal((steps, d)); Y = X @ truth + 0.2 * rng.standard_normal(steps)
    axes = rng.integers(d, size=steps).tolist(); signs = (1.0 - 2.0 * rng.integers(2, size=steps)).tolist()
    for n in range(1, steps + 1):
        x = X[n - 1]; y = Y[n - 1]; k = axes[n - 1]; sign = signs[n - 1]
        eta = 0.02 * (1 + n / 200) ** -0.501; h = 1e-3 * n ** -0.6
        e0 = y - x @ theta; f0 = 0.5 * e0 * e0
        shift = h * sign * root
        theta[k] += shift
        e1 = y - x @ theta; f1 = 0.5 * e1 * e1
        theta[k] -= shift
        theta[k] -= eta * (f1 - f0) / h * sign * root
        average += (theta - average) / n
        w = float(n) * n; Wn = W + w
        delta = average - M
        M += delta * (w / Wn); C += (w * W / Wn) * delta * delta; W = Wn
    return average, C
${DIMENSIONS.map((d) => `def d${d}(): return loop(${d})`).join("\n")}
`;

function observe(dimension: number, observations: number): AveragedKieferWolfowitz<Row> {
  const stream = createWorld({ dimension, model: "linear", seed: 3 });
  const fit = new AveragedKieferWolfowitz<Row>({
    initial: new Float64Array(dimension),
    loss: stream.loss,
    queries: 1,
    inference: "random-scaling",
  });
  feed(fit, stream, observations);
  return fit;
}

export async function bench(): Promise<BenchRow[]> {
  const numpy = await openNumPy(definitions);
  const rows: BenchRow[] = [];
  for (const d of DIMENSIONS) {
    const operation = numpy?.operation(`d${d}`);
    rows.push(
      await compare({
        name: `d = ${d}`,
        ours: () => observe(d, OBSERVATIONS),
        peer: operation && {
          milliseconds: async () => (await operation.milliseconds()) / NUMPY_STEPS,
        },
        peerName: `NumPy ${numpy?.version ?? ""}`.trim(),
        unit: "us",
        operations: OBSERVATIONS,
        target: "<= 0.067",
        ...(d === 100 ? { limit: LIMIT } : {}),
        note: `aim for 100,000 observations: ${{ 5: 70, 20: 130, 100: 420 }[d]} ms`,
      }),
    );
  }
  numpy?.close();
  for (const observations of [1e5, 1e7]) {
    const before = memoryInUse();
    const fit = observe(5, observations);
    rows.push({
      name: `memory after ${observations.toExponential(0)} observations, d = 5`,
      ours: (memoryInUse() - before) / 1024,
      peerName: "none",
      unit: "KiB",
      note: `heap and array buffers after a collection; as JSON ${JSON.stringify(fit.toJSON()).length} bytes`,
    });
  }
  return rows;
}

/** Bytes of the heap and of array buffers that are still reachable. */
function memoryInUse(): number {
  setFlagsFromString("--expose-gc");
  runInNewContext("gc")();
  const { heapUsed, arrayBuffers } = process.memoryUsage();
  return heapUsed + arrayBuffers;
}
