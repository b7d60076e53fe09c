/**
 * Log-probabilities of edited texts and drafts under the policy that is to be improved, computed once: preference
 * learning needs them in every step, and a later run on the same model and edits finds them in the cache.
 */
import { fingerprint } from "../../core/index.ts";
import type { ModelPolicy } from "../../lm/index.ts";
import type { Example } from "./examples.ts";
import type { LearnContext } from "./stage.ts";
import type { PreferencePair, ReferenceLogProbs } from "./training-objectives.ts";

/** Edits scored between two looks at the clock and the signal. */
const PART = 32;
const SAVE_SECONDS = 10;

/** The policy that is to be improved, as much of it as is needed here. */
type Scorer = Pick<ModelPolicy, "logProbs" | "close">;

/** What the cache holds: sums [edited, draft] of the first edits, and of what. */
interface Cached {
  /** Digest of model, runtime and edits. */
  readonly key: string;
  readonly logProbs: readonly (readonly [number, number])[];
}

/**
 * The examples with their reference log-probabilities; `open` is called only if some are missing in the cache, which
 * counts for the same `model` (a digest), runtime and edits alone. What was computed is saved every 10 seconds, at the
 * end, and when the signal fires.
 */
export async function withReference(
  examples: readonly Example[],
  open: () => Promise<Scorer>,
  model: string,
  { observer, signal, runtime, cache }: LearnContext,
): Promise<PreferencePair[]> {
  const edits = examples.map(({ record: { context, draft, edited } }) => ({ context, draft, edited }));
  const key = fingerprint({ model, runtime: runtime.name, edits });
  const known = readCached(await cache?.load(), key);
  observer.start("reference", { total: examples.length, done: known.length, unit: "edits" });
  if (known.length < examples.length) {
    const save = async () => cache?.save(`${JSON.stringify({ key, logProbs: known } satisfies Cached)}\n`);
    const policy = await open();
    let saved = performance.now();
    try {
      while (known.length < examples.length) {
        const part = edits.slice(known.length, known.length + PART);
        const score = (text: "edited" | "draft") =>
          policy.logProbs(
            part.map((record) => ({ context: record.context, response: record[text] })),
            { signal },
          );
        const [edited, draft] = [await score("edited"), await score("draft")];
        for (const i of part.keys()) known.push([edited[i]!.logProb, draft[i]!.logProb]);
        observer.update(known.length);
        if (performance.now() - saved < 1000 * SAVE_SECONDS) continue;
        await save();
        saved = performance.now();
      }
    } finally {
      await save();
      await policy.close();
    }
  }
  return examples.map((example, i) => {
    const [edited, draft] = known[i]!;
    return { ...example, reference: { edited, draft } satisfies ReferenceLogProbs };
  });
}

/** What the cache knows of these edits under this model; nothing if it is about others or damaged. */
function readCached(text: string | undefined, key: string): [number, number][] {
  if (text === undefined) return [];
  try {
    const cached = JSON.parse(text) as Partial<Cached>;
    const pair = (row: readonly number[]): row is [number, number] =>
      row.length === 2 && row.every(Number.isFinite);
    if (cached.key === key && cached.logProbs!.every(pair))
      return [...cached.logProbs!] as [number, number][];
  } catch {
    // Not what `withReference` wrote: computed anew.
  }
  return [];
}
