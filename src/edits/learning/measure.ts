/** What the policies of a learning run are worth, all measured on the same. */
import type { ModelPolicy } from "../../lm/index.ts";
import type { CopyBaseline } from "../baseline.ts";
import type { CostOptions } from "../cost.ts";
import type { EditRecord } from "../record.ts";
import type { EditWorld } from "../worlds/world.ts";
import {
  draftAll,
  episodeCosts,
  type LikelihoodScores,
  scoreDistance,
  scoreEpisodes,
  scoreLikelihood,
} from "./evaluate.ts";
import type { Learned, PolicyScores } from "./learn.ts";
import type { Method } from "./methods.ts";
import type { LearnContext } from "./stage.ts";

interface MeasureOptions {
  readonly seed: number;
  readonly cost: CostOptions;
  readonly episodes: number;
}

/** Every policy, and the references, on the same held-out edits, contexts and episodes. */
export async function measure(
  policy: ModelPolicy,
  methods: readonly Method[],
  records: readonly EditRecord[],
  world: EditWorld | undefined,
  copy: CopyBaseline,
  { seed, cost, episodes }: MeasureOptions,
  { observer, signal }: LearnContext,
): Promise<Pick<Learned, "scores" | "recommended" | "samples" | "episodeCosts" | "episodes">> {
  const arms = [null, ...methods] as const;
  const contexts = records.map(({ context }) => context);
  const fresh = world === undefined ? [] : world.contexts("fresh", episodes, seed % 2 ** 32);
  const longest = Math.max(
    ...records.map(({ draft, edited }) => policy.model.tokenizer.encode(longer(draft, edited)).length),
  );
  const maxNewTokens = Math.ceil(1.5 * longest) + 8;

  observer.start("measure", { total: arms.length * (contexts.length + fresh.length), unit: "drafts" });
  let done = 0;
  const drafter = async (adapter: string | null, asked: readonly EditRecord["context"][]) => {
    const drafts = await draftAll(policy.withAdapter(adapter), asked, {
      maxNewTokens,
      signal,
      onDone: (count) => observer.update(done + count),
    });
    done += asked.length;
    return drafts;
  };

  const heldOut: Record<string, string[]> = {};
  const freshDrafts: Record<string, string[]> = {};
  const likelihood: Record<string, LikelihoodScores> = {};
  for (const adapter of arms) {
    const name = adapter ?? "base";
    likelihood[name] = await scoreLikelihood(policy.withAdapter(adapter), records, { signal });
    heldOut[name] = await drafter(adapter, contexts);
    if (world) freshDrafts[name] = await drafter(adapter, fresh);
  }
  heldOut["copy"] = heldOut["base"]!.map((draft, i) => copy.apply(draft, contexts[i]!));
  if (world) {
    freshDrafts["copy"] = freshDrafts["base"]!.map((draft, i) => copy.apply(draft, fresh[i]!));
    freshDrafts["informed"] = fresh.map((context) => world.ideal(context));
  }

  const costs = Object.fromEntries(
    Object.entries(freshDrafts).map(([name, drafts]) => [name, episodeCosts(world!, fresh, drafts)]),
  );
  const names = [...new Set([...Object.keys(heldOut), ...Object.keys(freshDrafts)])];
  const scores = names.map(
    (name): PolicyScores => ({
      policy: name,
      ...(likelihood[name] ? { likelihood: likelihood[name] } : {}),
      ...(heldOut[name] ? { distance: scoreDistance(records, heldOut[name], cost) } : {}),
      ...(costs[name] ? { episodes: scoreEpisodes(costs[name], costs["base"]!, costs["informed"]!) } : {}),
    }),
  );
  const distanceOf = (method: Method) =>
    scores.find(({ policy: name }) => name === method)!.distance!.distance.mean;
  return {
    scores,
    recommended: [...methods].sort((a, b) => distanceOf(a) - distanceOf(b))[0]!,
    samples: records.slice(0, 10).map((record, i) => ({
      context: record.context,
      edited: record.edited,
      drafts: Object.fromEntries(["base", ...methods].map((name) => [name, heldOut[name]![i]!])),
    })),
    episodeCosts: costs,
    episodes: { contexts: fresh, drafts: freshDrafts },
  };
}

const longer = (a: string, b: string): string => (a.length > b.length ? a : b);
