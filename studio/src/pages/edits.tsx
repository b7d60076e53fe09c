/** The log of edits: what changed, what it cost, who and by which policy. */
import { useEffect, useState } from "preact/hooks";
import { attempt, call, type Edit, type Group, locked, type Statistics } from "../api.ts";
import { Bars } from "../parts/bars.tsx";
import { Diff } from "../parts/diff.tsx";
import { useApi } from "../parts/load.ts";
import { Plot } from "../parts/plot.tsx";
import { place, refine } from "../route.ts";
import { number, percent, when } from "../words.ts";

interface EditList {
  readonly edits: readonly Edit[];
  readonly next: string | null;
  readonly count: number;
}

const FILTERS = ["user", "policy", "changed", "search", "bin", "order"] as const;

export function EditsPage() {
  const { query } = place.value;
  const filter = new URLSearchParams(
    FILTERS.flatMap((name) => (query.has(name) ? [[name, query.get(name)!]] : [])),
  );
  const scope = new URLSearchParams(
    ["user", "policy"].flatMap((name) => (query.has(name) ? [[name, query.get(name)!]] : [])),
  );
  const [statistics] = useApi<Statistics>(`edit-stats?${scope}`, 3000);
  const [advice] = useApi<{ readonly n: number; readonly advice: readonly { readonly message: string }[] }>(
    "advice",
  );
  return (
    <>
      {statistics !== undefined && <Figures statistics={statistics} />}
      {advice !== undefined && advice.advice.length > 0 && (
        <details class="card">
          <summary>
            Advice from the latest {number(advice.n)} edits ({advice.advice.length})
          </summary>
          <ul>
            {advice.advice.map(({ message }) => (
              <li key={message}>{message}</li>
            ))}
          </ul>
        </details>
      )}
      <Filters />
      <Log filter={filter.toString()} />
    </>
  );
}

function Figures({ statistics }: { readonly statistics: Statistics }) {
  const { totals, histogram, days, users, policies } = statistics;
  const { query } = place.value;
  // Empty bars at the end say nothing.
  const shown = Math.max(10, histogram.counts.findLastIndex((count) => count > 0) + 1);
  const counts = histogram.counts.slice(0, shown);
  const labels = counts.map((_, k) =>
    k === histogram.counts.length - 1
      ? `cost ${(k * histogram.width).toFixed(2)} and more`
      : `cost ${(k * histogram.width).toFixed(2)}`,
  );
  const bin = query.get("bin");
  return (
    <>
      <dl class="facts">
        <Fact label="Edits" value={number(totals.n)} />
        <Fact label="Drafts changed" value={percent(totals.editedRate)} />
        <Fact label="Mean cost" value={totals.meanCost.toFixed(3)} />
        <Fact label="Standard deviation" value={totals.deviation.toFixed(3)} />
      </dl>
      <div class="grid">
        <Bars
          title="Edits by cost; choose a bar to list them"
          labels={labels}
          counts={counts}
          chosen={bin === null ? undefined : Number(bin)}
          onChoose={(bar) => refine({ bin: bar === undefined ? undefined : String(bar) })}
        />
        {days.length > 1 && (
          <Plot
            title="Mean cost by day"
            xLabel="days ago"
            lines={[
              {
                label: "mean cost",
                color: 0,
                x: days.map(({ day }) => day - Math.floor(Date.now() / 86_400_000)),
                y: days.map(({ meanCost }) => meanCost),
              },
            ]}
          />
        )}
      </div>
      <div class="grid">
        <Groups title="By policy" by="policy" groups={policies} />
        <Groups title="By user" by="user" groups={users} />
      </div>
    </>
  );
}

function Fact({ label, value }: { readonly label: string; readonly value: string }) {
  return (
    <div class="card">
      <dt>{label}</dt>
      <dd>{value}</dd>
    </div>
  );
}

function Groups({
  title,
  by,
  groups,
}: {
  readonly title: string;
  readonly by: "user" | "policy";
  readonly groups: readonly Group[];
}) {
  const chosen = place.value.query.get(by);
  return (
    <section class="card" aria-label={title}>
      <h2>{title}</h2>
      <div class="scroll groups">
        <table>
          <thead>
            <tr>
              <th scope="col">Name</th>
              <th scope="col" class="number">
                Edits
              </th>
              <th scope="col" class="number">
                Changed
              </th>
              <th scope="col" class="number">
                Mean cost
              </th>
            </tr>
          </thead>
          <tbody>
            {groups.map(({ name, n, editedRate, meanCost }) => (
              <tr key={name} class={chosen === (name ?? "") ? "chosen" : undefined}>
                <td>
                  <button
                    type="button"
                    class="link"
                    aria-pressed={chosen === (name ?? "")}
                    onClick={() => refine({ [by]: chosen === (name ?? "") ? undefined : (name ?? "") })}
                  >
                    {name ?? "not named"}
                  </button>
                </td>
                <td class="number">{number(n)}</td>
                <td class="number">{percent(editedRate)}</td>
                <td class="number">{meanCost.toFixed(3)}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </section>
  );
}

function Filters() {
  const { query } = place.value;
  const [words, setWords] = useState(query.get("search") ?? "");
  return (
    <search>
      <form
        class="controls"
        onSubmit={(event) => {
          event.preventDefault();
          refine({ search: words.trim() === "" ? undefined : words });
        }}
      >
        <label>
          Words{" "}
          <input
            type="search"
            value={words}
            onInput={({ currentTarget }) => setWords(currentTarget.value)}
            maxLength={500}
          />
        </label>
        <button type="submit">Search</button>
        <label>
          Drafts{" "}
          <select
            value={query.get("changed") ?? ""}
            onChange={({ currentTarget }) => refine({ changed: currentTarget.value || undefined })}
          >
            <option value="">all</option>
            <option value="true">changed</option>
            <option value="false">accepted</option>
          </select>
        </label>
        <label>
          Order{" "}
          <select
            value={query.get("order") ?? ""}
            onChange={({ currentTarget }) => refine({ order: currentTarget.value || undefined })}
          >
            <option value="">newest</option>
            <option value="costliest">costliest</option>
          </select>
        </label>
        {query.size > 0 && (
          <button
            type="button"
            class="quiet"
            onClick={() => {
              setWords("");
              refine(Object.fromEntries(FILTERS.map((name) => [name, undefined])));
            }}
          >
            Clear filters
          </button>
        )}
      </form>
    </search>
  );
}

function Log({ filter }: { readonly filter: string }) {
  const [list, setList] = useState<EditList>();
  const load = (after?: string) =>
    attempt(async () => {
      const more = await call<EditList>(
        `edits?${filter}&limit=30${after === undefined ? "" : `&after=${after}`}`,
      );
      setList((before) =>
        after === undefined || before === undefined
          ? more
          : { edits: [...before.edits, ...more.edits], next: more.next, count: before.count },
      );
    });
  useEffect(() => void load(), [filter, locked.value]);
  if (list === undefined) return <p>Loading …</p>;
  return (
    <section aria-label="Log">
      <p class="note" role="status">
        {list.count >= 10_000 && filter !== ""
          ? "10,000 edits or more"
          : `${number(list.count)} ${list.count === 1 ? "edit" : "edits"}`}
      </p>
      {list.edits.map((edit) => (
        <Entry key={edit.id} edit={edit} />
      ))}
      {list.next !== null && (
        <button type="button" onClick={() => void load(list.next!)}>
          Older edits
        </button>
      )}
    </section>
  );
}

function Entry({ edit }: { readonly edit: Edit }) {
  const { context } = edit;
  const asked =
    typeof context === "string"
      ? context
      : context.map(({ role, content }) => `${role}: ${content}`).join("\n");
  return (
    <article class="card edit">
      <p class="note">
        <span class="badge">cost {edit.cost.toFixed(3)}</span>{" "}
        {edit.changed ? `${edit.changes} words changed` : "accepted"}
        {edit.user === undefined ? "" : ` by ${edit.user}`}
        {edit.policy === undefined ? "" : `, draft by ${edit.policy}`}, {when(edit.created)}
      </p>
      <p class="context">{asked}</p>
      {edit.diff === null ? <p class="text">{edit.edited}</p> : <Diff segments={edit.diff} />}
    </article>
  );
}
