/**
 * What does a policy cost its users? Rollouts in simulated worlds of e-mails, whose users have hidden wishes: each
 * learns from a log of edits and drafts anew. Run it: fpx run study.ts --threads 4. Then put in a policy of your own.
 */
import { defineStudy, type Experiment, replications } from "fpx";
import { createMailWorld, fitCopyBaseline, simulateLog } from "fpx/edits";

const problem: Experiment = {
  fingerprint: "rollouts of the copy baseline, 30 edits, 8 drafts",
  replicate: {
    name: "replicate",
    answer({ seed }) {
      const world = createMailWorld({ seed });
      const logged = world.contexts("log", 30);
      const drafts = logged.map((context, i) => world.neutralDraft(context, i));
      const copy = fitCopyBaseline(simulateLog(world, logged, drafts, { policy: "neutral" }));
      // Share of a fresh draft's tokens that the user changes.
      const cost = (policy: (context: string) => string): number => {
        const costs = world.contexts("fresh", 8).map((context, episode) => {
          const draft = policy(context);
          return world.cost(draft, world.edit(context, draft, { episode }));
        });
        return costs.reduce((sum, one) => sum + one, 0) / costs.length;
      };
      return {
        neutral: cost(world.neutralDraft),
        copy: cost((context) => copy.apply(world.neutralDraft(context))),
        ideal: cost(world.ideal),
      };
    },
  },
};

export default defineStudy({
  name: "rollouts",
  problem,
  solver: replications({ count: 12, batch: 4 }),
  seed: 1,
});
