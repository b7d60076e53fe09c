/**
 * SPD operations on many pairs and the Frechet mean against the same formulas in NumPy, batched over the matrices, on one
 * thread.
 */
import {
  expMany,
  frechetMean,
  logMany,
  type Manifold,
  minimize,
  parallelTransportMany,
  randomPoint,
  randomVector,
  spd,
} from "../src/manifolds/index.ts";
import { createRng } from "../src/random/index.ts";
import { type BenchRow, compare, openNumPy } from "./harness.ts";

export const name = "SPD matrices: exp, log, transport, Frechet mean";

const PAIRS = 10_000;
const ORDERS = [
  { n: 3, target: "<= 0.2" },
  { n: 10, target: "<= 0.667" },
  { n: 30, target: "<= 1" },
];
/** Up to this order calls for single pairs are timed too. */
const ONE_BY_ONE = 10;
const MEAN = { n: 10, count: 100, spread: 0.3 };

const NUMPY = `
def spd_points(n, count, spread):
    a = np.random.Generator(np.random.Philox(2)).standard_normal((count, n, n)) * spread
    w, v = np.linalg.eigh((a + np.swapaxes(a, 1, 2)) / np.sqrt(2))
    return (v * np.exp(w)[:, None, :]) @ np.swapaxes(v, 1, 2)
def T(a): return np.swapaxes(a, -1, -2)
def apply(f, w, v): return (v * f(w)[..., None, :]) @ T(v)
def frame(p):
    c = np.linalg.cholesky(p)
    return c, np.linalg.inv(c)
def spd_exp(p, x):
    c, i = frame(p)
    w, v = np.linalg.eigh(i @ x @ T(i))
    return c @ apply(np.exp, w, v) @ T(c)
def spd_log(p, q):
    c, i = frame(p)
    w, v = np.linalg.eigh(i @ q @ T(i))
    return c @ apply(np.log, w, v) @ T(c)
def spd_transport(p, q, x):
    c, i = frame(p)
    w, v = np.linalg.eigh(i @ q @ T(i))
    e = c @ apply(np.sqrt, w, v) @ i
    return e @ x @ T(e)
${ORDERS.map(
  ({ n }) => `
p${n} = spd_points(${n}, ${PAIRS}, 0.3); q${n} = p${n}[::-1].copy()
x${n} = np.random.Generator(np.random.Philox(3)).standard_normal((${PAIRS}, ${n}, ${n})) * 0.3; x${n} = (x${n} + T(x${n})) / 2
def ops${n}():
    spd_exp(p${n}, x${n}); spd_log(p${n}, q${n}); return spd_transport(p${n}, q${n}, x${n})
`,
).join("")}
points = spd_points(${MEAN.n}, ${MEAN.count}, ${MEAN.spread})
def karcher():
    x = points.mean(axis=0)
    for _ in range(200):
        c, i = frame(x)
        w, v = np.linalg.eigh(i @ points @ T(i))
        step = apply(np.log, w, v).mean(axis=0)
        if np.linalg.norm(step) <= 1e-10: break
        w, v = np.linalg.eigh(step)
        x = c @ apply(np.exp, w, v) @ T(c)
    return x
`;

/** exp, log and transport of the same random pairs, as one call for all of them and as one for each. */
function pairs(M: Manifold): { readonly many: () => number; readonly single: () => number } {
  const rng = createRng(1);
  const draw = (purpose: string, i: number) => randomPoint(M, rng.stream(purpose, 0, i), 0.3);
  const p = Array.from({ length: PAIRS }, (_, i) => draw("p", i));
  const q = p.toReversed();
  const X = p.map((at, i) => randomVector(M, at, rng.stream("X", 0, i), 0.3));
  const [allP, allQ, allX] = [flat(p), flat(q), flat(X)];
  return {
    many: () =>
      expMany(M, allP, allX)[0]! +
      logMany(M, allP, allQ)[0]! +
      parallelTransportMany(M, allP, allQ, allX)[0]!,
    single: () => {
      let sum = 0;
      for (let i = 0; i < PAIRS; i++) {
        sum += M.exp(p[i]!, X[i]!)[0]!;
        sum += M.log(p[i]!, q[i]!)[0]!;
        sum += M.parallelTransport(p[i]!, q[i]!, X[i]!)[0]!;
      }
      return sum;
    },
  };
}

function flat(points: readonly Float64Array[]): Float64Array {
  const out = new Float64Array(points.length * points[0]!.length);
  for (const [i, point] of points.entries()) out.set(point, i * point.length);
  return out;
}

export async function bench(): Promise<BenchRow[]> {
  const numpy = await openNumPy(NUMPY);
  const against = (operation: string) => ({
    peer: numpy?.operation(operation),
    peerName:
      numpy === undefined ? "NumPy (no python3 with numpy: set FPX_PYTHON)" : `NumPy ${numpy.version}`,
  });
  const rows: BenchRow[] = [];
  for (const { n, target } of ORDERS) {
    const name = `exp + log + transport, SPD(${n}), ${PAIRS} pairs`;
    const { many, single } = pairs(spd(n));
    const peer = against(`ops${n}`);
    rows.push(await compare({ name, ours: many, unit: "ms", target, ...peer }));
    if (n > ONE_BY_ONE) continue;
    rows.push(
      await compare({
        name: `${name}, one by one`,
        ours: single,
        unit: "ms",
        note: "NumPy takes all pairs at once",
        ...peer,
      }),
    );
  }
  const M = spd(MEAN.n);
  const points = Array.from({ length: MEAN.count }, (_, i) =>
    randomPoint(M, createRng(2).stream("point", 0, i), MEAN.spread),
  );
  rows.push(
    await compare({
      name: `Frechet mean of ${MEAN.count} matrices SPD(${MEAN.n}) to a gradient of 1e-10`,
      // The gap |g|^2 / 2 at |g| = 1e-10.
      ours: () => minimize(frechetMean(M, points), { tolerance: 5e-21 }).gap,
      unit: "ms",
      target: "<= 0.5",
      ...against("karcher"),
    }),
  );
  numpy?.close();
  return rows;
}
