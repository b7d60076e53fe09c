/** The frame around the pages. */
import { useEffect, useState } from "preact/hooks";
import { failure, locked, unlock } from "./api.ts";
import { CertificatesPage } from "./pages/certificates.tsx";
import { DeskPage } from "./pages/desk.tsx";
import { EditsPage } from "./pages/edits.tsx";
import { PoliciesPage } from "./pages/policies.tsx";
import { RunsPage } from "./pages/runs.tsx";
import { go, PAGES, type Page, place } from "./route.ts";
import { theme, toggleTheme } from "./theme.ts";

const VIEWS: Readonly<Record<Page, () => preact.JSX.Element>> = {
  desk: DeskPage,
  runs: RunsPage,
  edits: EditsPage,
  policies: PoliciesPage,
  certificates: CertificatesPage,
};

/** What each page is for. */
const LEADS: Readonly<Record<Page, string>> = {
  desk: "Ask for a draft, change what you do not like, accept it: the log keeps the edit, the bandit learns its cost.",
  runs: "What was run and what runs now: gap, intervals and losses as they come.",
  edits: "What users left of their drafts, word by word, and what it cost.",
  policies: "Who writes, how often the bandit chooses them, and what their drafts cost.",
  certificates: "Which rules hold for every input of a model, by how much, and what breaks the others.",
};

const titled = (page: Page) => page.charAt(0).toUpperCase() + page.slice(1);

export function Studio() {
  const { page } = place.value;
  useEffect(() => {
    const onKey = (event: KeyboardEvent) => {
      const field = (event.target as HTMLElement).closest("input, textarea, select, dialog");
      if (field !== null || event.ctrlKey || event.metaKey || event.altKey) return;
      const chosen = PAGES[Number(event.key) - 1];
      if (chosen !== undefined) go(chosen);
      if (event.key === "t") toggleTheme();
      if (event.key === "/") {
        const search = document.querySelector<HTMLInputElement>("input[type=search]");
        if (search !== null) {
          event.preventDefault();
          search.focus();
        }
      }
    };
    addEventListener("keydown", onKey);
    return () => removeEventListener("keydown", onKey);
  }, []);
  useEffect(() => {
    document.title = `${titled(page)} · fpx studio`;
  }, [page]);
  const View = VIEWS[page];
  return (
    <>
      <a class="skip" href="#content">
        Skip to the content
      </a>
      <header>
        <div class="bar">
          <span class="brand">
            <img src="/icon.svg" alt="" />
            fpx studio
          </span>
          <nav aria-label="Pages">
            {PAGES.map((name, i) => (
              <a
                key={name}
                href={`/${name}`}
                aria-current={name === page ? "page" : undefined}
                title={`key ${i + 1}`}
                onClick={(event) => {
                  if (event.ctrlKey || event.metaKey) return;
                  event.preventDefault();
                  go(name);
                }}
              >
                {titled(name)}
              </a>
            ))}
          </nav>
          <button type="button" class="quiet" onClick={toggleTheme} title="key t">
            {theme.value === "dark" ? "Light" : "Dark"}
          </button>
        </div>
      </header>
      <div role="alert" class="failure" hidden={failure.value === ""}>
        {failure.value}
      </div>
      <main id="content">
        <h1>{titled(page)}</h1>
        <p class="lead">{LEADS[page]}</p>
        <View />
      </main>
      <footer>
        Keys: <kbd>1</kbd>–<kbd>5</kbd> pages, <kbd>/</kbd> search, <kbd>t</kbd> light or dark,{" "}
        <kbd>Ctrl</kbd>+<kbd>Enter</kbd> write or accept at the desk
      </footer>
      {locked.value && <Lock />}
    </>
  );
}

function Lock() {
  const [token, setToken] = useState("");
  return (
    <dialog
      ref={(element) => void (element?.open === false && element.showModal())}
      aria-labelledby="lock-title"
    >
      <form
        method="dialog"
        onSubmit={(event) => {
          event.preventDefault();
          unlock(token.trim());
        }}
      >
        <h2 id="lock-title">This server asks for a token</h2>
        <label>
          Token, as fpx token create printed it
          <input
            type="password"
            value={token}
            onInput={({ currentTarget }) => setToken(currentTarget.value)}
            required
          />
        </label>
        <button type="submit">Unlock</button>
      </form>
    </dialog>
  );
}
