import { linePlot } from "fpx/report";
import { answersOf, type Findings, inGroups, type Row, type RowContext } from "../reproduction.ts";
import { figure, gapPlot, logSlope, matrixGame, mean, seedsFrom } from "./instances.ts";
import { gapsOf, type Method, type PlayQuestion, play } from "./play.ts";

/** R1: the rate with and without optimism. */
export const rates: Row = {
  id: "R1",
  title: "Matrix games: 1/T with optimism, T^-1/2 without",
  async run(context: RowContext): Promise<Findings> {
    const { quick, seed } = context;
    const seeds = seedsFrom(seed, quick ? 3 : 10);
    const rounds = quick ? [32, 64, 128, 256] : [32, 64, 128, 256, 512];
    const tuned = (t: number) => 2 * Math.sqrt(t / (8 * Math.log(50)));
    const methods = [
      ["OFTPL, past", (_: number) => ({ guess: "past", scale: 1, samples: 256 }) as const],
      ["OFTPL, extragradient", (_: number) => ({ guess: "extragradient", scale: 1, samples: 256 }) as const],
      ["FTPL, m = 256", (t: number) => ({ guess: "none", scale: tuned(t), samples: 256 }) as const],
      ["FTPL, m = 1", (t: number) => ({ guess: "none", scale: tuned(t), samples: 1 }) as const],
    ] as const;
    const others = quick ? [] : furtherSettings(seed);
    const gaps = await gapsOf(context, [
      ...methods.flatMap(([, options]) =>
        rounds.flatMap((t) =>
          seeds.map((s) => ({
            game: "matrix game, 50 by 50" as const,
            seed: s,
            method: options(t),
            rounds: t,
          })),
        ),
      ),
      ...others.map(([, question]) => question),
    ]);
    const runs = methods.length * rounds.length * seeds.length;
    const means = inGroups(inGroups(gaps.slice(0, runs), seeds.length).map(mean), rounds.length);
    const measured = methods.map(([name], k) => ({
      name,
      gaps: means[k]!,
      slope: logSlope(rounds, means[k]!),
    }));
    const fast = measured.slice(0, 2).filter(({ slope }) => slope <= -0.85).length;
    const slow = measured.slice(2).filter(({ slope }) => slope >= -0.65 && slope <= -0.35).length;
    const count = fast + slow;
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
                rows: others.map(([name], k) => [name, gaps[runs + k]!]),
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
function furtherSettings(seed: number): [name: string, question: PlayQuestion][] {
  const { smoothness } = matrixGame(50, seed);
  const eta = (Math.SQRT2 * smoothness! * Math.sqrt(50 / (2 * Math.PI)) * 50) / 51;
  const beta = 2 * Math.sqrt(512 / (8 * Math.log(300)));
  const ball = { perturbation: "ball", samples: 256 } as const;
  const [square, sparse] = ["matrix game, 50 by 50", "sparse 300 by 200"] as const;
  const settings = [
    ["50 by 50, OFTPL extragradient, ball law, theory", square, { ...ball, scale: "theory" }],
    ["50 by 50, OFTPL extragradient, ball law, a third of it", square, { ...ball, scale: eta / 3 }],
    ["sparse 300 by 200, OFTPL extragradient, Gumbel", sparse, { scale: 1, samples: 256 }],
    ["sparse 300 by 200, FTPL, m = 512", sparse, { guess: "none", scale: beta, samples: 512 }],
  ] as const;
  return settings.map(([name, game, method]) => [name, { game, seed, method, rounds: 512 }]);
}

/** R4: what parallel calls buy. */
export const parallelism: Row = {
  id: "R4",
  title: "More responses a round: fewer rounds, more calls",
  async run(context: RowContext): Promise<Findings> {
    const { quick, seed } = context;
    const target = 0.03;
    const samples = quick ? [1, 4, 16, 64] : [1, 4, 16, 64, 256];
    const peers = [
      "regret matching plus",
      "projected extragradient",
      "optimistic Hedge",
      "fictitious play",
    ] as const;
    const budget = quick ? 1024 : 4096;
    const past = (m: number, scale: number): Method => ({ guess: "past", scale, samples: m });
    const until = (method: Method, rounds: number) => ({ method, rounds, evalEvery: 5, target });
    /** The best of a few scales at equal calls. */
    const spending: readonly (readonly [string, readonly { method: Method; rounds: number }[]])[] = [
      ...[1, 16, 128].map(
        (m) =>
          [
            `OFTPL, past, m = ${m}`,
            [0.3, 1, 2].map((scale) => ({ method: past(m, scale), rounds: budget / m })),
          ] as const,
      ),
      [
        "FTPL, m = 1",
        [0.3, 1, 2, 4, 8].map((scale) => ({
          method: { guess: "none", scale, samples: 1 },
          rounds: budget,
        })),
      ],
      ["fictitious play", [{ method: "fictitious play", rounds: budget }]],
    ];
    const played = await answersOf(
      context,
      play,
      [
        ...samples.map((m) => until(past(m, 1), 20_000)),
        ...peers.map((name) => until(name, 40_000)),
        ...spending.flatMap(([, plays]) => plays),
      ].map((part) => ({ game: "matrix game, 50 by 50" as const, seed, ...part })),
    );
    const sweep = samples.map((m, k) => ({ m, rounds: played[k]!.roundsToTarget }));
    const contest = peers.map((name, k) => ({ name, rounds: played[samples.length + k]!.roundsToTarget }));
    let from = samples.length + peers.length;
    const spent = spending.map(([name, plays]): [string, number] => {
      const gaps = played.slice(from, from + plays.length).map(({ gap }) => gap);
      from += plays.length;
      return [name, Math.min(...gaps)];
    });
    const to64 = sweep.filter(({ m }) => m <= 64);
    const falls = to64.slice(1).filter(({ rounds }, k) => rounds < to64[k]!.rounds).length;
    const known = (rounds: number) => (Number.isFinite(rounds) ? rounds : null);
    const best = contest.filter(({ rounds }) => rounds < sweep.at(-1)!.rounds).map(({ name }) => name);
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
            ...contest.map(({ name, rounds }) => [name, known(rounds), null]),
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
