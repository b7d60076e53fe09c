/**
 * SPD operations on many pairs and the Frechet mean against the same formulas in NumPy, on the same matrices, batched over
 * them, on one thread.
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
import { type BenchRow, compare, openNumPy, type SharedArray } from "./harness.ts";

export const name = "SPD matrices: exp, log, transport, Frechet mean";

const PAIRS = 10_000;
const ORDERS = [
  { n: 3, target: "<= 0.2" },
  { n: 10, target: "<= 0.667" },
  { n: 30, target: "<= 1" },
];
/** Up to this order calls for single pairs are timed too. */
const ONE_BY_ONE = 10;
/** Matrices whose mean is taken, at two spreads: standard deviations in each direction of an orthonormal frame. */
const MEAN = { n: 10, count: 100, spreads: [0.3, 0.3 * Math.SQRT2] };

const NUMPY = `
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
def karcher(points):
    x = points.mean(axis=0)
    for _ in range(200):
        c, i = frame(x)
        w, v = np.linalg.eigh(i @ points @ T(i))
        step = apply(np.log, w, v).mean(axis=0)
        if np.linalg.norm(step) <= 1e-10: break
        w, v = np.linalg.eigh(step)
        x = c @ apply(np.exp, w, v) @ T(c)
    return x
${ORDERS.map(
  ({ n }) => `
def ops${n}():
    spd_exp(p${n}, x${n}); spd_log(p${n}, q${n}); return spd_transport(p${n}, q${n}, x${n})
`,
).join("")}
${MEAN.spreads.map((_, k) => `def karcher${k}(): return karcher(points${k})`).join("\n")}
`;

/** Random pairs of points with a tangent vector each, one after another. */
function pairs(M: Manifold): { readonly p: Points; readonly q: Points; readonly X: Points } {
  const rng = createRng(1);
  const p = Array.from({ length: PAIRS }, (_, i) => randomPoint(M, rng.stream("p", 0, i), 0.3));
  const X = p.map((at, i) => randomVector(M, at, rng.stream("X", 0, i), 0.3));
  return { p, q: p.toReversed(), X };
}

type Points = readonly Float64Array[];

function flat(points: Points): Float64Array {
  const out = new Float64Array(points.length * points[0]!.length);
  for (const [i, point] of points.entries()) out.set(point, i * point.length);
  return out;
}

const shared = (n: number, points: Points): SharedArray => ({
  data: flat(points),
  shape: [points.length, n, n],
});

export async function bench(): Promise<BenchRow[]> {
  const instances = ORDERS.map(({ n, target }) => ({ n, target, M: spd(n), ...pairs(spd(n)) }));
  const mean = spd(MEAN.n);
  const clouds = MEAN.spreads.map((spread) =>
    Array.from({ length: MEAN.count }, (_, i) =>
      randomPoint(mean, createRng(2).stream("point", 0, i), spread),
    ),
  );
  const numpy = await openNumPy(
    NUMPY,
    Object.fromEntries([
      ...instances.flatMap(({ n, p, q, X }) => [
        [`p${n}`, shared(n, p)],
        [`q${n}`, shared(n, q)],
        [`x${n}`, shared(n, X)],
      ]),
      ...clouds.map((points, k) => [`points${k}`, shared(MEAN.n, points)]),
    ]),
  );
  const against = (operation: string) => ({
    peer: numpy?.operation(operation),
    peerName:
      numpy === undefined ? "NumPy (no python3 with numpy: set FPX_PYTHON)" : `NumPy ${numpy.version}`,
  });
  const rows: BenchRow[] = [];
  for (const { n, target, M, p, q, X } of instances) {
    const name = `exp + log + transport, SPD(${n}), ${PAIRS} pairs`;
    const [allP, allQ, allX] = [flat(p), flat(q), flat(X)];
    const many = (): number =>
      expMany(M, allP, allX)[0]! +
      logMany(M, allP, allQ)[0]! +
      parallelTransportMany(M, allP, allQ, allX)[0]!;
    const peer = against(`ops${n}`);
    rows.push(await compare({ name, ours: many, unit: "ms", target, ...peer }));
    if (n > ONE_BY_ONE) continue;
    const single = (): number => {
      let sum = 0;
      for (let i = 0; i < PAIRS; i++) {
        sum += M.exp(p[i]!, X[i]!)[0]!;
        sum += M.log(p[i]!, q[i]!)[0]!;
        sum += M.parallelTransport(p[i]!, q[i]!, X[i]!)[0]!;
      }
      return sum;
    };
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
  for (const [k, points] of clouds.entries())
    rows.push(
      await compare({
        name: `Frechet mean of ${MEAN.count} matrices SPD(${MEAN.n}), spread ${MEAN.spreads[k]!.toFixed(2)}, to a gradient of 1e-10`,
        // The gap |g|^2 / 2 at |g| = 1e-10.
        ours: () => minimize(frechetMean(mean, points), { tolerance: 5e-21 }).gap,
        unit: "ms",
        target: "<= 0.5",
        ...against(`karcher${k}`),
      }),
    );
  numpy?.close();
  return rows;
}
