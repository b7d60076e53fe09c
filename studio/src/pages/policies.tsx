/** Bandits: how often each arm is chosen, what it costs, what the choosing itself has cost. */
import { confidenceRadius } from "fpx/inference";
import type { Arm, Bandit, Policies } from "../api.ts";
import { useApi } from "../parts/load.ts";
import { type Line, Plot } from "../parts/plot.tsx";
import { place, refine } from "../route.ts";
import { number } from "../words.ts";

/** From so many costs on, the interval may use the deviation that was seen. */
const ASYMPTOTIC_FROM = 200;

/**
 * Ends of a confidence sequence for an arm's mean cost at level 95 %, valid however often it is looked at: that of
 * costs within known bounds and, from enough costs on, that of their deviation; each at half the error, cut together.
 */
function armInterval({ n, meanCost, deviation }: Arm, maximumCost: number): readonly [number, number] {
  if (n === 0) return [0, maximumCost];
  const radii = [(maximumCost / 2) * confidenceRadius(n, 0.975, 200)];
  if (n >= ASYMPTOTIC_FROM) radii.push(deviation * confidenceRadius(n, 0.975, 1000));
  const radius = Math.min(...radii);
  return [Math.max(0, meanCost - radius), Math.min(maximumCost, meanCost + radius)];
}

export function PoliciesPage() {
  const [policies] = useApi<Policies>("policies", 5000);
  const [list] = useApi<{ readonly bandits: readonly { readonly name: string }[] }>("bandits", 5000);
  if (policies === undefined || list === undefined) return <p>Loading …</p>;
  const name = place.value.query.get("bandit") ?? list.bandits[0]?.name;
  return (
    <>
      {policies.policies.length > 0 && (
        <section class="card scroll" aria-label="Policies">
          <h2>Who writes</h2>
          <table>
            <thead>
              <tr>
                <th scope="col">Name</th>
                <th scope="col">Kind</th>
                <th scope="col">State</th>
              </tr>
            </thead>
            <tbody>
              {policies.policies.map((policy) => (
                <tr key={policy.name}>
                  <td>{policy.name}</td>
                  <td>{policy.kind}</td>
                  <td>
                    {policy.drafts ? "writes here" : "kept"}
                    {policy.stale ? ", stale: someone it learned from was forgotten" : ""}
                  </td>
                </tr>
              ))}
            </tbody>
          </table>
        </section>
      )}
      {name === undefined ? (
        <p class="card empty">
          No bandit yet. Start the server with two policies or more, or let your program call{" "}
          <code>/api/choose-arm</code>.
        </p>
      ) : (
        <>
          {list.bandits.length > 1 && (
            <div class="controls">
              <label>
                Bandit{" "}
                <select
                  value={name}
                  onChange={({ currentTarget }) =>
                    refine({ bandit: currentTarget.value, segment: undefined })
                  }
                >
                  {list.bandits.map((bandit) => (
                    <option key={bandit.name}>{bandit.name}</option>
                  ))}
                </select>
              </label>
            </div>
          )}
          <BanditView name={name} />
        </>
      )}
    </>
  );
}

function BanditView({ name }: { readonly name: string }) {
  const wanted = place.value.query.get("segment") ?? undefined;
  const [bandit] = useApi<Bandit>(
    `bandits/${encodeURIComponent(name)}?segment=${encodeURIComponent(wanted ?? "")}`,
    2000,
  );
  if (bandit === undefined) return <p>Loading …</p>;
  const segments = [...new Set(bandit.arms.map(({ segment }) => segment))];
  const segment = wanted ?? "";
  const arms = bandit.arms.filter((arm) => arm.segment === segment);
  return (
    <>
      {segments.length > 1 && (
        <div class="controls">
          <label>
            Segment{" "}
            <select
              value={segment}
              onChange={({ currentTarget }) => refine({ segment: currentTarget.value })}
            >
              {segments.map((one) => (
                <option key={one} value={one}>
                  {one === "" ? "common" : one}
                </option>
              ))}
            </select>
          </label>
        </div>
      )}
      <ArmTable bandit={bandit} arms={arms} />
      <div class="grid">
        <Plot title="Mean cost of each arm" xLabel="costs received" lines={meanLines(bandit)} />
        <Plot
          title="Regret against the arm with the lowest mean"
          xLabel="costs received"
          lines={regretLine(bandit)}
        />
      </div>
    </>
  );
}

export function ArmTable({ bandit, arms }: { readonly bandit: Bandit; readonly arms: readonly Arm[] }) {
  return (
    <section class="card scroll" aria-label={`Arms of ${bandit.name}`}>
      <h2>Arms of {bandit.name}</h2>
      <p class="note">
        {arms.length === 0
          ? "None was chosen yet."
          : "The intervals are confidence sequences: they hold at 95 % however often you look."}
      </p>
      <table hidden={arms.length === 0}>
        <thead>
          <tr>
            <th scope="col">Arm</th>
            <th scope="col" class="number">
              Chosen
            </th>
            <th scope="col" class="number">
              Costs
            </th>
            <th scope="col" class="number">
              Mean cost
            </th>
            <th scope="col">95 % interval</th>
          </tr>
        </thead>
        <tbody>
          {arms.map((arm) => {
            const [lower, upper] = armInterval(arm, bandit.maximumCost);
            return (
              <tr key={arm.arm}>
                <td>{arm.arm}</td>
                <td class="number">{number(arm.pulls)}</td>
                <td class="number">{number(arm.n)}</td>
                <td class="number">{arm.n === 0 ? "" : arm.meanCost.toFixed(3)}</td>
                <td>
                  <IntervalBar
                    lower={lower}
                    upper={upper}
                    mean={arm.n === 0 ? undefined : arm.meanCost}
                    maximum={bandit.maximumCost}
                  />
                  <small>
                    {lower.toFixed(3)} to {upper.toFixed(3)}
                  </small>
                </td>
              </tr>
            );
          })}
        </tbody>
      </table>
    </section>
  );
}

interface IntervalBarProps {
  readonly lower: number;
  readonly upper: number;
  readonly mean: number | undefined;
  readonly maximum: number;
}

/** An interval on the scale of all costs; the numbers stand beside it. */
function IntervalBar({ lower, upper, mean, maximum }: IntervalBarProps) {
  const at = (value: number) => `${(100 * Math.min(value, maximum)) / maximum}%`;
  return (
    <svg class="interval" aria-hidden="true">
      <rect class="range" x="0" y="45%" width="100%" height="10%" />
      <rect class="span" x={at(lower)} y="25%" width={at(upper - lower)} height="50%" rx="3" />
      {mean !== undefined && <circle class="mean" cx={at(mean)} cy="50%" r="5" />}
    </svg>
  );
}

function meanLines({ history }: Bandit): Line[] {
  const names = [...new Set(history.flatMap(({ arms }) => arms.map(({ arm }) => arm)))];
  return names.map((label, color) => {
    const seen = history.flatMap(({ n, arms }) => {
      const own = arms.find(({ arm }) => arm === label);
      return own === undefined || own.n === 0 ? [] : [{ n, mean: own.cost / own.n }];
    });
    return { label, color, x: seen.map(({ n }) => n), y: seen.map(({ mean }) => mean) };
  });
}

function regretLine({ history }: Bandit): Line[] {
  const final = history.at(-1)?.arms.filter(({ n }) => n > 0) ?? [];
  if (final.length === 0) return [];
  const best = Math.min(...final.map(({ n, cost }) => cost / n));
  const paid = history.map(({ arms }) => arms.reduce((sum, { cost }) => sum + cost, 0));
  return [
    {
      label: "regret",
      color: 1,
      x: history.map(({ n }) => n),
      y: history.map(({ n }, i) => paid[i]! - n * best),
    },
  ];
}
