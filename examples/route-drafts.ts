/**
 * A reply assistant with three drafting policies: the late ensemble sends each draft to one of them and learns from what
 * the agents edit. Here the policies are templates and the agents are simulated; in an app, `draft` calls a model.
 */
import { editCost, LateEnsemble } from "fpx/edits";
import { createRng } from "fpx/random";

type Policy = (name: string) => string;
const policies: Record<string, Policy> = {
  base: (name) => `Dear customer ${name}, your request was received and will be processed.`,
  imitation: (name) => `Hi ${name}, thanks for your message! We are on it.`,
  preference: (name) =>
    `Hi ${name}, thanks for your message! We are on it. Best wishes, the whole support team`,
};
/** What the agents send in the end: teams differ. */
const wanted: Record<string, Policy> = {
  shop: (name) => `Hi ${name}, thanks for your message! We are on it.`,
  bank: (name) => `Dear customer ${name}, your request was received and will be processed. Regards, the bank`,
};

const ensemble = new LateEnsemble(policies, { alpha: 0.2 });
const draws = createRng(1).draws("customers");
const total: Record<string, number> = {};
for (let mail = 0; mail < 400; mail++) {
  const team = draws.pick(Object.keys(wanted));
  const name = draws.pick(["Ann", "Ben", "Cleo"]);
  const { arm, policy, ticket } = ensemble.select({ segment: team });
  const draft = policy(name);
  // Half of the agents change nothing when the draft will do.
  const edited = draws.uniform() < 0.5 ? wanted[team]!(name) : draft;
  ensemble.record(ticket, editCost(draft, edited));
  total[`${team}: ${arm}`] = (total[`${team}: ${arm}`] ?? 0) + 1;
}
console.log("drafts by team and policy:", JSON.stringify(total));

// The state is plain JSON: keep it with your data, and go on from it after a restart.
const restored = LateEnsemble.fromJSON(JSON.parse(JSON.stringify(ensemble)), policies);
console.log("next arm for the shop after a restart:", restored.select({ segment: "shop" }).arm, "of 3");
