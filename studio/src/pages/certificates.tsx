/** Certificates: which rules hold for every input, by how much, and what breaks those that do not. */
import type { Certificate } from "../api.ts";
import { useApi } from "../parts/load.ts";
import { number, when } from "../words.ts";

export function CertificatesPage() {
  const [list] = useApi<{ readonly certificates: readonly Certificate[] }>("certificates", 5000);
  if (list === undefined) return <p>Loading …</p>;
  if (list.certificates.length === 0)
    return (
      <p>
        No certificates yet. <code>fpx certify</code> makes them.
      </p>
    );
  return (
    <>
      {list.certificates.map(({ id, name, verdict, created, rules }) => (
        <section key={id} class="card" aria-label={name}>
          <h2>
            {name} <span class={`badge ${verdict}`}>{verdict}</span>
          </h2>
          <p class="note">{when(created)}</p>
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
                      <span class={`badge ${rule.verdict}`}>{rule.verdict}</span>
                    </td>
                    <td class="number">{rule.slack === undefined ? "" : number(rule.slack)}</td>
                    <td>
                      {rule.counterexample !== undefined && (
                        <code>{JSON.stringify(rule.counterexample)}</code>
                      )}
                    </td>
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
