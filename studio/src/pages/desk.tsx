/** The desk: ask for a draft, edit it, accept it; the record lands in the log and the bandit learns what it cost. */
import { useEffect, useRef, useState } from "preact/hooks";
import { attempt, type Bandit, call, type Edit, type Policies } from "../api.ts";
import { Diff } from "../parts/diff.tsx";
import { useApi } from "../parts/load.ts";
import { ArmTable } from "./policies.tsx";

interface Draft {
  readonly id: string;
  readonly draft: string;
  readonly policy: string | null;
}

const BY_BANDIT = "";

export function DeskPage() {
  const [policies] = useApi<Policies>("policies");
  const [policy, setPolicy] = useState(BY_BANDIT);
  const [context, setContext] = useState("");
  const [user, setUser] = useState("me");
  const [draft, setDraft] = useState<Draft>();
  const [edited, setEdited] = useState("");
  const [kept, setKept] = useState<Edit>();
  const [busy, setBusy] = useState(false);
  const asking = useRef<HTMLTextAreaElement>(null);
  const editing = useRef<HTMLTextAreaElement>(null);
  // The keyboard goes where the work goes on.
  useEffect(() => editing.current?.focus(), [draft?.id]);
  useEffect(() => void (kept !== undefined && asking.current?.focus()), [kept]);
  const [bandit, reloadBandit] = useApi<Bandit>(
    policies?.bandit == null ? undefined : `bandits/${encodeURIComponent(policies.bandit)}`,
  );
  if (policies === undefined) return <p>Loading …</p>;
  const writers = policies.policies.filter(({ drafts }) => drafts);
  if (writers.length === 0)
    return (
      <p class="card empty">
        This server writes no drafts. Start it with a model:{" "}
        <code>fpx studio --model samples/mail/model --adapter out/log</code>.
      </p>
    );

  const doing = (work: () => Promise<void>) => {
    setBusy(true);
    void attempt(work).finally(() => setBusy(false));
  };
  const write = () =>
    doing(async () => {
      const chosen =
        policy === BY_BANDIT && policies.bandit !== null
          ? { bandit: policies.bandit }
          : { policy: policy || writers[0]!.name };
      const named = user.trim() === "" ? {} : { user: user.trim() };
      const written = await call<Draft>("drafts", { context, ...named, ...chosen });
      setDraft(written);
      setEdited(written.draft);
      setKept(undefined);
    });
  const accept = () =>
    doing(async () => {
      const { id } = await call<{ readonly id: string }>("edits", { draftId: draft!.id, edited });
      setKept(await call<Edit>(`edits/${encodeURIComponent(id)}`));
      setDraft(undefined);
      reloadBandit();
    });
  const onKey = (action: () => void) => (event: KeyboardEvent) => {
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) {
      event.preventDefault();
      action();
    }
  };

  return (
    <div class="desk">
      <div>
        <form
          class="card"
          onSubmit={(event) => {
            event.preventDefault();
            write();
          }}
        >
          <label class="wide">
            What to write
            <textarea
              ref={asking}
              rows={3}
              value={context}
              onInput={({ currentTarget }) => setContext(currentTarget.value)}
              onKeyDown={onKey(write)}
              placeholder="Write to Ms Ann Lee about the invoice: it is wrong."
              required
            />
          </label>
          <div class="controls">
            <label>
              Policy{" "}
              <select
                value={policies.bandit === null && policy === BY_BANDIT ? writers[0]!.name : policy}
                onChange={({ currentTarget }) => setPolicy(currentTarget.value)}
              >
                {policies.bandit !== null && <option value={BY_BANDIT}>chosen by the bandit</option>}
                {writers.map(({ name }) => (
                  <option key={name}>{name}</option>
                ))}
              </select>
            </label>
            <label>
              You{" "}
              <input
                value={user}
                onInput={({ currentTarget }) => setUser(currentTarget.value)}
                maxLength={200}
              />
            </label>
            <button type="submit" disabled={busy || context.trim() === ""}>
              Write
            </button>
          </div>
        </form>
        <div role="status">{busy ? "Working …" : ""}</div>
        {draft !== undefined && (
          <form
            class="card"
            onSubmit={(event) => {
              event.preventDefault();
              accept();
            }}
          >
            <label class="wide">
              Draft{draft.policy === null ? "" : ` by ${draft.policy}`}; change what you do not like
              <textarea
                ref={editing}
                rows={10}
                value={edited}
                onInput={({ currentTarget }) => setEdited(currentTarget.value)}
                onKeyDown={onKey(accept)}
              />
            </label>
            <p class="actions">
              <button type="submit" disabled={busy || edited.trim() === ""}>
                {edited === draft.draft ? "Accept as it is" : "Accept"}
              </button>
              <button type="button" class="quiet" onClick={() => setEdited(draft.draft)}>
                Undo all changes
              </button>
            </p>
          </form>
        )}
        {kept !== undefined && (
          <section class="card" aria-label="Kept edit" data-edit={kept.id}>
            <h2>
              Kept: cost {kept.cost.toFixed(3)},{" "}
              {kept.changed ? `${kept.changes} words changed` : "nothing changed"}
            </h2>
            {kept.diff !== null && <Diff segments={kept.diff} />}
          </section>
        )}
      </div>
      {bandit !== undefined && (
        <ArmTable bandit={bandit} arms={bandit.arms.filter(({ segment }) => segment === "")} />
      )}
    </div>
  );
}
