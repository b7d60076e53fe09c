import type { Findings, Row, RowContext, Verdict } from "fpx/experiments";
import { solveMinMax } from "fpx/manifolds";
import { linePlot } from "fpx/report";
import {
  geometricMean,
  logSlope,
  type Problem,
  range,
  seedsFrom,
  unbalanced,
  weaklyCoupled,
} from "./instances.ts";

type Method = NonNullable<NonNullable<Parameters<typeof solveMinMax>[1]>["method"]>;

/** Partial gradients to the certified gap; infinite when the run ends otherwise. */
export function callsTo(problem: Problem, method: Method, tolerance: number, step?: number): number {
  const { calls, status, certified } = solveMinMax(problem, {
    method,
    tolerance,
    maxCalls: 500_000,
    ...(step === undefined ? {} : { step }),
  });
  return status === "converged" && certified ? calls.gradX + calls.gradY : Number.POSITIVE_INFINITY;
}

/** The step of RCEG with a proved linear rate: about 2.6 times shorter than 1 / L here. */
function safeStep({ constants: { Lx, Ly, Lxy } }: Problem, bend: number): number {
  return 1 / (2 * (Math.max(Lx, Ly) + Lxy) * Math.sqrt(bend));
}

interface Study {
  readonly id: string;
  readonly title: string;
  readonly caption: string;
  readonly make: (kappa: number, seed: number) => Problem;
  readonly kappas: readonly number[];
  /** Those over which slopes are taken. */
  readonly fitted: (kappa: number) => boolean;
  readonly tolerance: number;
  readonly contenders: readonly {
    readonly name: string;
    readonly method: Method;
    readonly bend?: number;
    readonly until?: number;
  }[];
  /** RAMMA's slope at most, RCEG's at least, and their ratio at one kappa. */
  readonly expected: readonly [ramma: number, rceg: number, at: number, ratio: number];
  readonly reference: string;
}

function sweep(study: Study): Row {
  return {
    id: study.id,
    title: study.title,
    async run({ seed, signal, progress }: RowContext): Promise<Findings> {
      const seeds = seedsFrom(seed, 3);
      const total = study.contenders.length * study.kappas.length;
      let done = 0;
      const measured = study.contenders.map(({ name, method, bend, until = Number.POSITIVE_INFINITY }) => ({
        name,
        counts: study.kappas.map((kappa) => {
          signal?.throwIfAborted();
          progress(done++, total);
          if (kappa > until) return undefined;
          return seeds.map((s) => {
            const problem = study.make(kappa, s);
            return callsTo(problem, method, study.tolerance, bend && safeStep(problem, bend));
          });
        }),
      }));
      const slopeOf = (k: number): number => {
        const used = study.kappas.flatMap((kappa, i) => {
          const counts = measured[k]!.counts[i];
          return counts && study.fitted(kappa) ? [[kappa, geometricMean(counts)] as const] : [];
        });
        return logSlope(
          used.map(([kappa]) => kappa),
          used.map(([, count]) => count),
        );
      };
      const [most, least, at, times] = study.expected;
      const column = study.kappas.indexOf(at);
      const ratio = geometricMean(measured[1]!.counts[column]!) / geometricMean(measured[0]!.counts[column]!);
      const [ramma, rceg] = [slopeOf(0), slopeOf(1)];
      const held = [ramma <= most, rceg >= least, ratio >= times].filter(Boolean).length;
      const verdict: Verdict = held === 3 ? "reproduced" : held > 0 ? "partly" : "not";
      return {
        claims: [
          {
            id: study.id,
            claim: `Calls grow with kappa^${most} at most for RAMMA and kappa^${least} at least for RCEG; RCEG needs ${times} times as many at kappa = ${at}`,
            published: `rates, theorems; the paper prints no experiment. A prototype: ${study.reference}`,
            measured: `slopes ${ramma.toFixed(2)} and ${rceg.toFixed(2)}; ratio ${ratio.toFixed(1)}`,
            verdict,
            seeds,
          },
        ],
        tables: [
          {
            caption: study.caption,
            columns: [{ label: "method" }, ...study.kappas.map((kappa) => ({ label: `kappa ${kappa}` }))],
            rows: measured.map(({ name, counts }) => [
              name,
              ...counts.map((values) => (values ? range(values) : null)),
            ]),
          },
        ],
        plots: [
          {
            title: "Calls against condition",
            svg: linePlot({
              title: "Calls against condition",
              x: { label: "kappa", scale: "log" },
              y: { label: "partial gradients", scale: "log" },
              series: measured.map(({ name, counts }) => {
                const known = study.kappas.filter((_, i) => counts[i]);
                return {
                  name,
                  x: known,
                  y: counts.filter((values) => values !== undefined).map(geometricMean),
                  marks: true,
                };
              }),
            }),
          },
        ],
        notes: [],
      };
    },
  };
}

export const weak: Row = sweep({
  id: "E1",
  title: "Weak coupling: square roots of the condition number",
  caption: "Partial gradients to a certified gap of 1e-6, hyperbolic quadratic with coupling 0.5 / kappa",
  make: weaklyCoupled,
  kappas: [10, 30, 100, 300, 1000, 3000],
  fitted: (kappa) => kappa >= 30 && kappa <= 1000,
  tolerance: 1e-6,
  contenders: [
    { name: "RAMMA", method: "ramma" },
    { name: "RCEG, step 1/L", method: "rceg" },
    { name: "RCEG, proved step", method: "rceg", bend: 1.7 },
    { name: "RAMMA, five loops", method: "ramma5", until: 300 },
  ],
  expected: [0.6, 0.75, 1000, 8],
  reference: "slopes 0.32 to 0.39 and 0.83, ratio 20 to 24",
});

export const lopsided: Row = sweep({
  id: "E2",
  title: "One badly conditioned player",
  caption: "Partial gradients to a certified gap of 1e-9, logdet saddle on SPD(3), muX = 1 / kappa, muY = 1",
  make: unbalanced,
  kappas: [10, 30, 100, 300, 1000],
  fitted: (kappa) => kappa <= 300,
  tolerance: 1e-9,
  contenders: [
    { name: "RAMMA", method: "ramma" },
    { name: "RCEG, step 1/L", method: "rceg" },
  ],
  expected: [0.65, 0.8, 300, 2.5],
  reference: "slopes 0.55 and 0.93, ratio 4.3 to 4.5",
});
