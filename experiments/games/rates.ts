import type { Findings, Row, RowContext } from "fpx/experiments";
import { fictitiousPlay, optimisticHedge, projectedExtragradient, regretMatchingPlus } from "fpx/games";
import { linePlot } from "fpx/report";
import {
  type Contender,
  contender,
  figure,
  ftpl,
  gapAfter,
  gapPlot,
  logSlope,
  matrixGame,
  mean,
  seedsFrom,
  sparseGame,
} from "./instances.ts";

/** R1: the rate with and without optimism. */
export const rates: Row = {
  id: "R1",
  title: "Matrix games: 1/T with optimism, T^-1/2 without",
  async run({ quick, seed, signal, progress }: RowContext): Promise<Findings> {
    const seeds = seedsFrom(seed, quick ? 3 : 10);
    const rounds = quick ? [32, 64, 128, 256] : [32, 64, 128, 256, 512];
    const tuned = (t: number) => 2 * Math.sqrt(t / (8 * Math.log(50)));
    const methods = [
      ["OFTPL, past", (_: number) => ({ guess: "past", scale: 1, samples: 256 }) as const],
      ["OFTPL, extragradient", (_: number) => ({ guess: "extragradient", scale: 1, samples: 256 }) as const],
      ["FTPL, m = 256", (t: number) => ({ guess: "none", scale: tuned(t), samples: 256 }) as const],
      ["FTPL, m = 1", (t: number) => ({ guess: "none", scale: tuned(t), samples: 1 }) as const],
    ] as const;
    const measured = methods.map(([name, options], k) => {
      const gaps = rounds.map((t, i) => {
        signal?.throwIfAborted();
        progress(k * rounds.length + i, methods.length * rounds.length);
        return mean(seeds.map((s) => gapAfter(ftpl(options(t)), matrixGame(50, s), t, s)));
      });
      return { name, gaps, slope: logSlope(rounds, gaps) };
    });
    const fast = measured.slice(0, 2).filter(({ slope }) => slope <= -0.85).length;
    const slow = measured.slice(2).filter(({ slope }) => slope >= -0.65 && slope <= -0.35).length;
    const count = fast + slow;
    const others = quick ? [] : furtherSettings(seed, signal);
    return {
      claims: [
        {
          id: "R1",
          claim:
            "OFTPL's gap falls like 1/T, FTPL's like T^-1/2 (slope at most -0.85; within [-0.65, -0.35])",
          published: "O(1/T) against O(T^-1/2), theorems; the paper prints no experiment",
          measured: `slopes ${measured.map(({ name, slope }) => `${name} ${slope.toFixed(2)}`).join("; ")}`,
          verdict: count === 4 ? "reproduced" : count >= 2 ? "partly" : "not",
          seeds,
        },
      ],
      tables: [
        {
          caption: "Mean certified gap after T rounds, 50 by 50 payoffs uniform in [-1, 1]",
          columns: [
            { label: "method" },
            ...rounds.map((t) => ({ label: `T = ${t}` })),
            { label: "slope", decimals: 2 },
          ],
          rows: measured.map(({ name, gaps, slope }) => [name, ...gaps, slope]),
        },
        ...(quick
          ? []
          : [
              {
                caption: "Certified gap after 512 rounds in other settings, one seed",
                columns: [{ label: "setting" }, { label: "gap" }],
                rows: others,
              },
            ]),
      ],
      plots: [
        gapPlot(
          "Gap against rounds",
          measured.map(({ name, gaps }) => ({ name, x: rounds, y: gaps })),
        ),
      ],
      notes: quick
        ? [`${seeds.length} seeds in place of 10, and T up to ${rounds.at(-1)} in place of 512.`]
        : [],
    };
  },
};

/** The ball law at and below the scale of theory, and a sparse game. */
function furtherSettings(seed: number, signal: AbortSignal | undefined): [string, number][] {
  const game = matrixGame(50, seed);
  const sparse = sparseGame(300, 200, 0.05, seed);
  const eta = (Math.SQRT2 * game.smoothness! * Math.sqrt(50 / (2 * Math.PI)) * 50) / 51;
  const beta = 2 * Math.sqrt(512 / (8 * Math.log(300)));
  const ball = { perturbation: "ball", samples: 256 } as const;
  const settings = [
    ["50 by 50, OFTPL extragradient, ball law, theory", game, { ...ball, scale: "theory" }],
    ["50 by 50, OFTPL extragradient, ball law, a third of it", game, { ...ball, scale: eta / 3 }],
    ["sparse 300 by 200, OFTPL extragradient, Gumbel", sparse, { scale: 1, samples: 256 }],
    ["sparse 300 by 200, FTPL, m = 512", sparse, { guess: "none", scale: beta, samples: 512 }],
  ] as const;
  return settings.map(([name, one, options]) => {
    signal?.throwIfAborted();
    return [name, gapAfter(ftpl(options), one, 512, seed)];
  });
}

/** R4: what parallel calls buy. */
export const parallelism: Row = {
  id: "R4",
  title: "More responses a round: fewer rounds, more calls",
  async run({ quick, seed, signal, progress }: RowContext): Promise<Findings> {
    const target = 0.03;
    const game = matrixGame(50, seed);
    const samples = quick ? [1, 4, 16, 64] : [1, 4, 16, 64, 256];
    const roundsTo = (method: Contender, limit: number) => {
      const { steps, status } = method(game, {
        evalEvery: 5,
        seed,
        stop: { maxSteps: limit, tolerance: { metric: "nashConv", below: target } },
      });
      return status === "converged" ? steps : Number.POSITIVE_INFINITY;
    };
    const sweep = samples.map((m, k) => {
      signal?.throwIfAborted();
      progress(k, samples.length + 4);
      return { m, rounds: roundsTo(ftpl({ guess: "past", scale: 1, samples: m }), 20_000) };
    });
    const others = [
      ["regret matching plus", contender(regretMatchingPlus)],
      ["projected extragradient", contender(projectedExtragradient)],
      ["optimistic Hedge", contender(optimisticHedge)],
      ["fictitious play", contender(fictitiousPlay)],
    ] as const;
    const peers = others.map(([name, method], k) => {
      signal?.throwIfAborted();
      progress(samples.length + k, samples.length + 4);
      return { name, rounds: roundsTo(method, 40_000) };
    });
    const budget = quick ? 1024 : 4096;
    const spent = [1, 16, 128].map((m) => {
      signal?.throwIfAborted();
      const gaps = [0.3, 1, 2].map((scale) =>
        gapAfter(ftpl({ guess: "past", scale, samples: m }), game, budget / m, seed),
      );
      return [`OFTPL, past, m = ${m}`, Math.min(...gaps)] as [string, number];
    });
    const plain = [0.3, 1, 2, 4, 8].map((scale) =>
      gapAfter(ftpl({ guess: "none", scale, samples: 1 }), game, budget, seed),
    );
    spent.push(["FTPL, m = 1", Math.min(...plain)]);
    spent.push(["fictitious play", gapAfter(contender(fictitiousPlay), game, budget, seed)]);
    const to64 = sweep.filter(({ m }) => m <= 64);
    const falls = to64.slice(1).filter(({ rounds }, k) => rounds < to64[k]!.rounds).length;
    const known = (rounds: number) => (Number.isFinite(rounds) ? rounds : null);
    const best = peers.filter(({ rounds }) => rounds < sweep.at(-1)!.rounds).map(({ name }) => name);
    return {
      claims: [
        {
          id: "R4",
          claim: "Rounds to a gap of 0.03 fall with m from 1 to 64",
          published: "O(N^1/2) rounds with O(N^1/2) parallel calls each, a theorem",
          measured: sweep.map(({ m, rounds }) => `m = ${m}: ${rounds}`).join("; "),
          verdict: falls === to64.length - 1 ? "reproduced" : falls > 0 ? "partly" : "not",
          seeds: [seed],
        },
      ],
      tables: [
        {
          caption: "Rounds and calls per player to a gap of 0.03",
          columns: [{ label: "method" }, { label: "rounds", decimals: 0 }, { label: "calls", decimals: 0 }],
          rows: [
            ...sweep.map(({ m, rounds }) => [`OFTPL, past, m = ${m}`, known(rounds), known(m * rounds)]),
            ...peers.map(({ name, rounds }) => [name, known(rounds), null]),
          ],
        },
        {
          caption: `Certified gap after ${budget} calls a player, the best of a few scales`,
          columns: [{ label: "method" }, { label: "gap" }],
          rows: spent,
        },
      ],
      plots: [
        {
          title: "Rounds and calls to a gap of 0.03",
          svg: linePlot({
            title: "Rounds and calls to a gap of 0.03",
            x: { label: "responses a round, m", scale: "log" },
            y: { label: "rounds, calls a player", scale: "log" },
            series: [
              { name: "rounds", x: samples, y: sweep.map(({ rounds }) => rounds), marks: true },
              {
                name: "calls a player",
                x: samples,
                y: sweep.map(({ m, rounds }) => m * rounds),
                marks: true,
              },
            ],
          }),
        },
      ],
      notes: [
        "Parallel calls buy rounds, not work: the total number of calls rises with m.",
        best.length > 0
          ? `Where projections are cheap others win; in fewer rounds than OFTPL here: ${best.join(", ")}.`
          : "None of the other methods needed fewer rounds here.",
        `Gaps are certified every 5 rounds; the first certificate at ${figure(target)} or less counts.`,
      ],
    };
  },
};
