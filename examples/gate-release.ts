/**
 * Gates a release of a drafting policy: it goes out only when it is never much worse than the best candidate, whatever
 * kind of user it meets. Candidates draft fresh mails, simulated users of two kinds edit them, and the worst excess over
 * the best candidate decides; in an app the costs would be those of logged edits by kind of user.
 */
import {
  createMailWorld,
  type EditWorld,
  episodeCosts,
  fitCopyBaseline,
  maxSubOpt,
  simulateLog,
  type UserKind,
} from "fpx/edits";

const SEEDS = [1, 2];
const USERS: readonly UserKind[] = ["strong", "weak"];
const BOUND = 0.1;

/** What each candidate drafts for fresh contexts. */
function candidates(world: EditWorld, fresh: readonly string[]): Record<string, string[]> {
  const neutral = fresh.map((context, i) => world.neutralDraft(context, i));
  // The release candidate: yesterday's log of a strong user, its commonest changes copied.
  const contexts = world.contexts("log", 24);
  const drafts = contexts.map((context, i) => world.neutralDraft(context, i));
  const copy = fitCopyBaseline(simulateLog(world, contexts, drafts, { policy: "base" }));
  return {
    base: neutral,
    copy: neutral.map((draft, i) => copy.apply(draft, fresh[i]!)),
    // What a policy that knows all wishes writes.
    informed: fresh.map((context) => world.ideal(context)),
  };
}

/** By policy, then [kind of user][seed]. */
const costs: Record<string, number[][]> = {};
for (const seed of SEEDS) {
  const world = createMailWorld({ seed });
  const fresh = world.contexts("fresh", 8);
  for (const [policy, drafts] of Object.entries(candidates(world, fresh)))
    for (const [u, user] of USERS.entries()) {
      const episodes = episodeCosts(world, fresh, drafts, { user });
      const table = (costs[policy] ??= USERS.map(() => []));
      table[u]!.push(episodes.reduce((sum, cost) => sum + cost, 0) / episodes.length);
    }
}
for (const [policy, { mean, perSeed }] of Object.entries(maxSubOpt(costs))) {
  const verdict = mean <= BOUND ? "release" : "hold back";
  console.log(
    `${policy}: Max SubOpt ${mean.toFixed(3)} (seeds ${perSeed.map((gap) => gap.toFixed(2)).join(", ")}): ${verdict}`,
  );
}
