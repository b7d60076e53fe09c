/** The server's API as the pages use it. */
import { signal } from "@preact/signals";

export interface Run {
  readonly id: string;
  readonly name: string;
  readonly command: string;
  readonly solver: string | null;
  readonly seed: string | null;
  readonly status: string;
  readonly alive: boolean;
  readonly started: number;
  readonly ended: number | null;
  readonly steps: number;
  readonly calls: number;
  readonly seconds: number;
  readonly stopRequested: boolean;
  readonly resumable: boolean;
  readonly result: unknown;
  readonly error: string | null;
}

export interface Point {
  readonly step: number;
  readonly calls: number;
  readonly seconds: number;
  readonly metrics: Readonly<Record<string, number | null>>;
}

export interface Segment {
  readonly kind: "equal" | "insert" | "delete";
  readonly text: string;
}

interface Message {
  readonly role: string;
  readonly content: string;
}

export interface Edit {
  readonly id: string;
  readonly created: number;
  readonly context: string | readonly Message[];
  readonly draft: string;
  readonly edited: string;
  readonly policy?: string;
  readonly user?: string;
  readonly source: string;
  readonly cost: number;
  readonly changes: number;
  readonly changed: boolean;
  readonly diff: readonly Segment[] | null;
}

interface Totals {
  readonly n: number;
  readonly editedRate: number;
  readonly meanCost: number;
  readonly deviation: number;
}

export interface Group extends Totals {
  readonly name: string | null;
}

export interface Statistics {
  readonly totals: Totals;
  readonly histogram: { readonly width: number; readonly counts: readonly number[] };
  readonly days: readonly { readonly day: number; readonly n: number; readonly meanCost: number }[];
  readonly users: readonly Group[];
  readonly policies: readonly Group[];
}

export interface Arm {
  readonly segment: string;
  readonly arm: string;
  readonly pulls: number;
  readonly n: number;
  readonly meanCost: number;
  readonly deviation: number;
}

export interface Bandit {
  readonly name: string;
  readonly maximumCost: number;
  readonly arms: readonly Arm[];
  readonly history: readonly {
    readonly n: number;
    readonly arms: readonly { readonly arm: string; readonly n: number; readonly cost: number }[];
  }[];
}

export interface Policies {
  readonly policies: readonly {
    readonly name: string;
    readonly kind: string;
    readonly stale: boolean;
    readonly drafts: boolean;
  }[];
  readonly bandit: string | null;
}

export interface Certificate {
  readonly id: string;
  readonly name: string;
  readonly run: string | null;
  readonly verdict: Verdict;
  readonly created: number;
  readonly rules: readonly {
    readonly rule: string;
    readonly verdict: Verdict;
    readonly slack?: number;
    readonly counterexample?: Readonly<Record<string, unknown>>;
  }[];
}

type Verdict = "certified" | "violated" | "unknown";

/** What went wrong last, for the line at the top. */
export const failure = signal("");
/** Whether the server asks for a token. */
export const locked = signal(false);

const KEY = "fpx-token";

/** Keeps the token until the browser's tab is closed. */
export function unlock(token: string): void {
  sessionStorage.setItem(KEY, token);
  locked.value = false;
}

function headers(): Record<string, string> {
  const token = sessionStorage.getItem(KEY);
  return token === null ? {} : { authorization: `Bearer ${token}` };
}

/** Asks the API; throws with the server's own words. */
export async function call<T>(path: string, body?: unknown, method?: "DELETE"): Promise<T> {
  const response = await fetch(`/api/${path}`, {
    method: method ?? (body === undefined ? "GET" : "POST"),
    headers: { ...headers(), ...(body === undefined ? {} : { "content-type": "application/json" }) },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  if (response.status === 401) locked.value = true;
  const answer = await response.json();
  if (!response.ok) throw new Error((answer as { title: string }).title);
  return answer as T;
}

/** Does something that may fail, and says so at the top of the page. */
export async function attempt(work: () => Promise<void>): Promise<void> {
  try {
    await work();
    failure.value = "";
  } catch (error) {
    if (!(error instanceof DOMException && error.name === "AbortError"))
      failure.value = (error as Error).message;
  }
}

/** Follows a run's events until it ends; comes back after a lost connection, where it left off. */
export async function follow(
  id: string,
  signal: AbortSignal,
  onEvent: (event: "points" | "run" | "end", data: unknown) => void,
): Promise<void> {
  let last = "";
  while (!signal.aborted) {
    try {
      const response = await fetch(`/api/runs/${encodeURIComponent(id)}/events`, {
        signal,
        headers: { ...headers(), ...(last === "" ? {} : { "last-event-id": last }) },
      });
      if (!response.ok || response.body === null) return;
      let rest = "";
      for await (const piece of pieces(response.body)) {
        const blocks = (rest + piece).split("\n\n");
        rest = blocks.pop() ?? "";
        for (const block of blocks) {
          const field = (name: string) => new RegExp(`^${name}: ?(.*)$`, "m").exec(block)?.[1];
          last = field("id") ?? last;
          const event = field("event") as "points" | "run" | "end" | undefined;
          // A comment, which only says that the server lives.
          if (event === undefined) continue;
          onEvent(event, JSON.parse(field("data") ?? "null"));
          if (event === "end") return;
        }
      }
    } catch {
      if (signal.aborted) return;
    }
    await new Promise((next) => setTimeout(next, 1000));
  }
}

async function* pieces(body: ReadableStream<Uint8Array>): AsyncGenerator<string> {
  const reader = body
    .pipeThrough(new TextDecoderStream() as ReadableWritablePair<string, Uint8Array>)
    .getReader();
  while (true) {
    const { done, value } = await reader.read();
    if (done) return;
    yield value;
  }
}
