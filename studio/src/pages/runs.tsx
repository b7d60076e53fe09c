/** Runs: the list, and the curves of those chosen, live. */
import { useEffect, useState } from "preact/hooks";
import { attempt, call, follow, type Point, type Run } from "../api.ts";
import { useApi } from "../parts/load.ts";
import { type Line, Plot, Swatch } from "../parts/plot.tsx";
import { place, refine } from "../route.ts";
import { duration, number, when } from "../words.ts";

type Axis = "calls" | "step" | "seconds";
const AXES: Readonly<Record<Axis, string>> = { calls: "oracle calls", step: "steps", seconds: "seconds" };

export function RunsPage() {
  const { query } = place.value;
  const chosen = query.getAll("run");
  const log = query.get("scale") !== "linear";
  const [list, reload] = useApi<{ readonly runs: readonly Run[] }>("runs?limit=200", 2000);
  if (list === undefined) return <p>Loading …</p>;
  if (list.runs.length === 0)
    return (
      <p class="card empty">
        No runs yet. <code>fpx run study.ts</code> makes one; its curves appear here while it works.
      </p>
    );
  const shown = chosen.length > 0 ? chosen : [list.runs[0]!.id];
  const asks = list.runs.some(({ id, calls }) => calls > 0 && shown.includes(id));
  const axis = (query.get("axis") as Axis | null) ?? (asks ? "calls" : "step");
  const toggle = (id: string) =>
    refine({ run: shown.includes(id) ? shown.filter((other) => other !== id) : [...shown, id] });
  return (
    <>
      <div class="card scroll runs">
        <table>
          <thead>
            <tr>
              <th scope="col">Show</th>
              <th scope="col">Run</th>
              <th scope="col">Status</th>
              <th scope="col" class="number">
                Steps
              </th>
              <th scope="col" class="number">
                Calls
              </th>
              <th scope="col" class="number">
                Time
              </th>
              <th scope="col">Started</th>
            </tr>
          </thead>
          <tbody>
            {list.runs.map((run) => (
              <tr key={run.id} class={shown.includes(run.id) ? "chosen" : undefined}>
                <td>
                  <input
                    type="checkbox"
                    checked={shown.includes(run.id)}
                    onChange={() => toggle(run.id)}
                    aria-label={`Show ${run.name} ${run.id}`}
                  />
                </td>
                <td>
                  <a
                    href={`/runs?run=${run.id}`}
                    onClick={(event) => {
                      event.preventDefault();
                      refine({ run: run.id });
                    }}
                  >
                    {run.name}
                  </a>{" "}
                  <small>{run.id}</small>
                </td>
                <td>
                  <Status run={run} />
                </td>
                <td class="number">{number(run.steps)}</td>
                <td class="number">{number(run.calls)}</td>
                <td class="number">{duration(run.seconds)}</td>
                <td class="short">{when(run.started)}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      <div class="controls">
        <label>
          Against{" "}
          <select value={axis} onChange={({ currentTarget }) => refine({ axis: currentTarget.value })}>
            {Object.entries(AXES).map(([value, label]) => (
              <option key={value} value={value}>
                {label}
              </option>
            ))}
          </select>
        </label>
        <label>
          <input
            type="checkbox"
            checked={log}
            onChange={({ currentTarget }) => refine({ scale: currentTarget.checked ? undefined : "linear" })}
          />{" "}
          Logarithmic
        </label>
      </div>
      <Curves ids={shown} axis={axis} log={log} onChange={reload} />
    </>
  );
}

function Status({ run }: { readonly run: Run }) {
  const word = run.status === "running" && !run.alive ? "lost" : run.status;
  return (
    <span class={`badge state ${word}`}>
      {word}
      {run.alive && run.stopRequested ? ", stopping" : ""}
    </span>
  );
}

interface CurveProps {
  readonly ids: readonly string[];
  readonly axis: Axis;
  readonly log: boolean;
  onChange(): void;
}

function Curves({ ids, axis, log, onChange }: CurveProps) {
  const [runs, setRuns] = useState<Readonly<Record<string, Run>>>({});
  const [points, setPoints] = useState<Readonly<Record<string, readonly Point[]>>>({});
  const [turn, setTurn] = useState(0);
  const key = ids.join(" ");
  useEffect(() => {
    const closed = new AbortController();
    setPoints({});
    for (const id of ids)
      void follow(id, closed.signal, (event, data) => {
        if (event === "run") setRuns((before) => ({ ...before, [id]: data as Run }));
        if (event === "end") onChange();
        if (event === "points")
          setPoints((before) => ({ ...before, [id]: [...(before[id] ?? []), ...(data as Point[])] }));
      });
    return () => closed.abort();
  }, [key, turn]);

  const act = (work: () => Promise<unknown>) =>
    void attempt(async () => {
      await work();
      onChange();
      setTimeout(() => setTurn((before) => before + 1), 800);
    });
  // Work in several stages draws one curve after the other.
  const metrics = ids.flatMap((id) => (points[id] ?? []).map((point) => point.metrics));
  const names = [...new Set(metrics.flatMap((one) => Object.keys(one)))];
  const plotted = names.filter((name) => !/\.(lower|upper)$/.test(name));
  return (
    <>
      <div class="grid">
        {ids.map((id, i) => {
          const run = runs[id];
          return (
            run !== undefined && (
              <section key={id} class="card" aria-label={`Run ${run.name} ${run.id}`}>
                <h2 class="titled">
                  <Swatch color={i} />
                  {run.name} <Status run={run} />
                </h2>
                <p class="note">
                  {run.command}
                  {run.solver === null ? "" : `, ${run.solver}`}
                  {run.seed === null ? "" : `, seed ${run.seed}`}, {number(run.steps)} steps,{" "}
                  {number(run.calls)} calls, {duration(run.seconds)}
                </p>
                {run.error !== null && <p class="error">{run.error}</p>}
                <p class="actions">
                  {run.alive ? (
                    <button
                      type="button"
                      disabled={run.stopRequested}
                      onClick={() => act(() => call(`runs/${id}/stop`, {}))}
                    >
                      Stop
                    </button>
                  ) : (
                    <>
                      {run.resumable && (
                        <button type="button" onClick={() => act(() => call(`runs/${id}/resume`, {}))}>
                          Resume
                        </button>
                      )}
                      <button
                        type="button"
                        class="quiet"
                        onClick={() =>
                          confirm(`Delete ${run.name} ${id}?`) &&
                          act(() => call(`runs/${id}`, undefined, "DELETE"))
                        }
                      >
                        Delete
                      </button>
                    </>
                  )}
                </p>
                {run.result !== null && (
                  <details>
                    <summary>Result</summary>
                    <pre>{JSON.stringify(run.result, null, 1).slice(0, 5000)}</pre>
                  </details>
                )}
              </section>
            )
          );
        })}
      </div>
      <div class="grid">
        {plotted.map((name) => (
          <Plot
            key={name}
            title={name}
            xLabel={AXES[axis]}
            log={log}
            lines={ids.flatMap((id, i) =>
              lineOf(name, points[id] ?? [], axis, `${runs[id]?.name ?? ""} ${id.slice(0, 6)}`, i),
            )}
          />
        ))}
      </div>
    </>
  );
}

/** A metric with `.lower` and `.upper` beside it is drawn with its band. */
function lineOf(name: string, points: readonly Point[], axis: Axis, label: string, color: number): Line[] {
  const own = points.filter(({ metrics }) => name in metrics);
  if (own.length === 0) return [];
  const values = (key: string) => own.map(({ metrics }) => metrics[key] ?? null);
  const hasBand = own.some(({ metrics }) => `${name}.lower` in metrics);
  return [
    {
      label,
      color,
      x: own.map((point) => point[axis]),
      y: values(name),
      ...(hasBand ? { band: [values(`${name}.lower`), values(`${name}.upper`)] } : {}),
    },
  ];
}
