/** The figures of `fpx learn` as a table, as JSON and as a page. */
import { contextText, diffWords, type Estimate, type Learned, type LearnOptions } from "../edits/index.ts";
import { type Block, barPlot, formatNumber, htmlPage, linePlot, type Table } from "../report/index.ts";

/** Everything that a finished run tells. */
export interface LearnSummary {
  readonly log: string;
  readonly model: string;
  readonly out: string;
  readonly runtime: string;
  readonly options: LearnOptions;
  readonly seconds: number;
  readonly learned: Learned;
}

/** The contents of metrics.json and of `--json`: every figure, and what was run. */
export function metricsOf({ learned, ...run }: LearnSummary): Record<string, unknown> {
  const { adapters, curves, samples, episodeCosts, writers, ...figures } = learned;
  return {
    format: 1,
    ...run,
    methods: Object.keys(adapters),
    ...figures,
    ...(writers.length > 0 ? { writers: writers.map(({ scores }) => scores) } : {}),
  };
}

/** One row a policy; columns that no policy has a figure for are left out. */
export function scoreTable({ scores }: Learned): Table {
  const columns: [string, (row: Learned["scores"][number]) => string | number | null][] = [
    ["policy", ({ policy }) => policy],
    ["held-out NLL", ({ likelihood }) => likelihood?.nll ?? null],
    ["prefers edit", ({ likelihood }) => percent(likelihood?.preferenceAccuracy?.share)],
    ["distance to final [95 %]", ({ distance }) => interval(distance?.distance)],
    ["minus logged draft's", ({ distance }) => interval(distance?.againstLogged)],
    ["true edit cost", ({ episodes }) => interval(episodes?.cost)],
    ["gap closed", ({ episodes }) => percent(episodes?.gapClosed)],
  ];
  const shown = columns.filter(([, cell]) => scores.some((row) => cell(row) !== null));
  return {
    columns: shown.map(([label], i) => ({ label, numeric: i > 0 })),
    rows: scores.map((row) => shown.map(([, cell]) => cell(row))),
  };
}

/** One row a user and method: held-out NLL under the pooled adapter and the user's own. */
export function writerTable({ writers }: Learned): Table {
  const labels = ["user", "method", "training edits", "held out", "base NLL", "pooled", "own"];
  return {
    columns: [...labels, "own minus pooled [95 %]"].map((label, i) => ({ label, numeric: i > 1 })),
    rows: writers.map(({ scores }) => {
      const { user, method, train, heldOut, nll, ownMinusPooled } = scores;
      return [user, method, train, heldOut, nll.base, nll.pooled, nll.own, interval(ownMinusPooled)];
    }),
  };
}

const percent = (share: number | null | undefined): string | null =>
  share === null || share === undefined ? null : `${Math.round(100 * share)} %`;

function interval(value: Estimate | undefined): string | null {
  if (value === undefined) return null;
  const { mean, lower, upper } = value;
  const figure = (x: number) => x.toFixed(3);
  return lower === null || upper === null
    ? figure(mean)
    : `${figure(mean)} [${figure(lower)}, ${figure(upper)}]`;
}

/** The self-contained page of a run. */
export function learnPage(summary: LearnSummary): string {
  const { learned, log, model, options, seconds, runtime } = summary;
  const { scores, counts, recommended, samples, curves } = learned;
  const best = scores.find(({ policy }) => policy === recommended)!;
  const base = scores.find(({ policy }) => policy === "base")!;
  const lead: Block[] = [
    {
      kind: "facts",
      facts: [
        {
          label: `Distance to the users' texts (${recommended})`,
          value: formatNumber(best.distance!.distance.mean),
          note: `base ${formatNumber(base.distance!.distance.mean)}`,
        },
        {
          label: "Held-out NLL, nats per token",
          value: formatNumber(best.likelihood!.nll),
          note: `base ${formatNumber(base.likelihood!.nll)}`,
        },
        { label: "Training edits", value: String(counts.train), note: `${counts.heldOut} held out` },
        { label: "Time", value: `${Math.round(seconds)} s`, note: `seed ${options.seed}` },
      ],
    },
  ];
  return htmlPage({
    title: "What the edits taught",
    subtitle: `${log}, base model ${model}`,
    lead,
    sections: [
      {
        title: "Policies",
        blocks: [
          { kind: "table", table: { ...scoreTable(learned), emphasis: [scores.indexOf(best)] } },
          {
            kind: "list",
            items: [
              "held-out NLL: mean negative log-likelihood of the users' final texts, nats per token, on edits whose drafts were not trained on",
              "prefers edit: share of changed held-out drafts whose final text has the higher mean log-probability per token",
              "distance: token-level edit distance from a fresh greedy draft to the user's final text, over the final text's tokens; 95 % intervals of means",
              "the recommended policy was chosen by this distance on these same edits, so its own figure is a little flattering",
              "minus logged draft's: the same, minus the logged draft's distance, edit by edit",
              "copy: the log's commonest changes applied to the base's drafts, the reference that learning must beat",
              ...(base.episodes
                ? [
                    "true edit cost: what the simulated user changes in fresh drafts for fresh contexts; informed knows the hidden wishes; gap closed is the share of the distance between base and informed",
                  ]
                : []),
            ],
          },
          { kind: "figure", svg: costPlot(learned) },
        ],
      },
      ...(learned.writers.length > 0
        ? [
            {
              title: "Users",
              blocks: [
                { kind: "table", table: writerTable(learned) },
                {
                  kind: "list",
                  items: [
                    "NLL of the user's own held-out final texts, nats per token; own: the adapter that began where the pooled one ended and saw this user's edits alone",
                    "own minus pooled: below 0 where the own adapter is better; 95 % interval over contexts",
                  ],
                },
              ] satisfies Block[],
            },
          ]
        : []),
      {
        title: "Training",
        blocks: [
          {
            kind: "grid",
            blocks: Object.entries(curves).map(
              ([method, curve]): Block => ({
                kind: "figure",
                svg: linePlot({
                  title: `Loss of ${method}`,
                  x: { label: "step" },
                  y: { label: "loss" },
                  series: [
                    {
                      name: method,
                      x: curve.map((_, i) => i + 1),
                      y: curve.map(({ loss }) => loss!),
                      marks: false,
                    },
                  ],
                }),
              }),
            ),
          },
        ],
      },
      {
        title: "Drafts before and after",
        blocks: samples.map(
          (sample): Block => ({
            kind: "diff",
            title: contextText(sample.context),
            segments: diffWords(sample.drafts["base"]!, sample.drafts[recommended]!),
            labels: { delete: "base", insert: recommended },
            note: `The user's final text: ${sample.edited}`,
          }),
        ),
      },
    ],
    footer: `fpx learn, ${runtime}, options ${JSON.stringify(options)}`,
  });
}

/** True costs where there is a simulated user, distances to the users' texts elsewhere. */
function costPlot({ scores }: Learned): string {
  const figures = scores.flatMap(({ policy, distance, episodes }) => {
    const figure = scores.some((row) => row.episodes) ? episodes?.cost : distance?.distance;
    return figure ? [{ policy, figure }] : [];
  });
  const label = scores.some(({ episodes }) => episodes)
    ? "true edit cost of fresh drafts"
    : "distance to the users' texts";
  return barPlot({
    title: `Mean ${label}, 95 % intervals`,
    label,
    categories: figures.map(({ policy }) => policy),
    quiet: ["base", "copy", "informed"].filter((name) => figures.some(({ policy }) => policy === name)),
    series: [
      {
        name: label,
        values: figures.map(({ figure }) => figure.mean),
        interval: {
          low: figures.map(({ figure }) => figure.lower ?? figure.mean),
          high: figures.map(({ figure }) => figure.upper ?? figure.mean),
        },
      },
    ],
  });
}
