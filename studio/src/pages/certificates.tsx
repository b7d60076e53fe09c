/** Certificates: which rules hold for every input, by how much, and what breaks those that do not. */
import type { Certificate } from "../api.ts";
import { useApi } from "../parts/load.ts";
import { go } from "../route.ts";
import { number, when } from "../words.ts";

/** Names and values, a line for each input or output where there are several. */
function Values({ of }: { readonly of: Readonly<Record<string, unknown>> }) {
  const text = (value: unknown): string =>
    typeof value === "number"
      ? number(value)
      : Array.isArray(value)
        ? value.map(text).join("; ")
        : typeof value === "object" && value !== null
          ? Object.entries(value)
              .map(([name, one]) => `${name} = ${text(one)}`)
              .join(", ")
          : String(value);
  return (
    <>
      {Object.entries(of).map(([name, value]) => (
        <div key={name}>
          <small>{name}</small> {text(value)}
        </div>
      ))}
    </>
  );
}

export function CertificatesPage() {
  const [list] = useApi<{ readonly certificates: readonly Certificate[] }>("certificates", 5000);
  if (list === undefined) return <p>Loading …</p>;
  if (list.certificates.length === 0)
    return (
      <p class="card empty">
        No certificates yet. <code>fpx fit</code> and <code>fpx certify</code> make them.
      </p>
    );
  return (
    <>
      {list.certificates.map(({ id, name, run, verdict, created, rules }) => (
        <section key={id} class="card" aria-label={`${name} ${id}`}>
          <h2 class="titled">
            {name} <span class={`badge state ${verdict}`}>{verdict}</span>
          </h2>
          <p class="note">
            {rules.filter((rule) => rule.verdict === "certified").length} of {rules.length} rules certified,{" "}
            {when(created)}
            {run !== null && (
              <>
                {", by "}
                <a
                  href={`/runs?run=${run}`}
                  onClick={(event) => {
                    event.preventDefault();
                    go("runs", new URLSearchParams({ run }));
                  }}
                >
                  run {run}
                </a>
              </>
            )}
          </p>
          <div class="scroll">
            <table>
              <thead>
                <tr>
                  <th scope="col">Rule</th>
                  <th scope="col">Verdict</th>
                  <th scope="col" class="number">
                    Slack
                  </th>
                  <th scope="col">Counterexample</th>
                </tr>
              </thead>
              <tbody>
                {rules.map((rule) => (
                  <tr key={rule.rule}>
                    <td>{rule.rule}</td>
                    <td>
                      <span class={`badge state ${rule.verdict}`}>{rule.verdict}</span>
                    </td>
                    <td class="number">{rule.slack === undefined ? "" : number(rule.slack)}</td>
                    <td>{rule.counterexample !== undefined && <Values of={rule.counterexample} />}</td>
                  </tr>
                ))}
              </tbody>
            </table>
          </div>
        </section>
      ))}
    </>
  );
}
