import { linePlot } from "fpx/report";
import {
  answersOf,
  type Findings,
  inGroups,
  type Row,
  type RowContext,
  type Verdict,
} from "../reproduction.ts";
import { type CallsQuestion, calls } from "./calls.ts";
import { geometricMean, logSlope, range, seedsFrom } from "./instances.ts";

interface Study {
  readonly id: string;
  readonly title: string;
  readonly caption: string;
  readonly problem: (kappa: number, seed: number) => CallsQuestion["problem"];
  readonly kappas: readonly number[];
  /** Those over which slopes are taken. */
  readonly fitted: (kappa: number) => boolean;
  readonly tolerance: number;
  readonly contenders: readonly {
    readonly name: string;
    readonly method: CallsQuestion["method"];
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
    async run(context: RowContext): Promise<Findings> {
      const seeds = seedsFrom(context.seed, 3);
      const kappasOf = ({ until = Number.POSITIVE_INFINITY }: (typeof study.contenders)[number]) =>
        study.kappas.filter((kappa) => kappa <= until);
      const questions = study.contenders.flatMap((contender) =>
        kappasOf(contender).flatMap((kappa) =>
          seeds.map((s): CallsQuestion => {
            const { method, bend } = contender;
            const { tolerance } = study;
            return { problem: study.problem(kappa, s), method, tolerance, ...(bend ? { bend } : {}) };
          }),
        ),
      );
      const groups = inGroups(await answersOf(context, calls, questions), seeds.length).values();
      const measured = study.contenders.map((contender) => {
        const known = kappasOf(contender);
        return {
          name: contender.name,
          counts: study.kappas.map((kappa) => (known.includes(kappa) ? groups.next().value : undefined)),
        };
      });
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
  problem: (kappa, seed) => ({ name: "weaklyCoupled", kappa, seed }),
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
  problem: (kappa, seed) => ({ name: "unbalanced", kappa, seed }),
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
