import { describe, expect, it } from "vitest";
import { InvalidInput } from "../../core/errors.ts";
import { createRng } from "../../random/index.ts";
import { editCost } from "../cost.ts";
import { tokenizeWords } from "../tokens.ts";
import { createMailWorld, mailTask } from "./mail.ts";
import { isFresh, readPrompt, wordsOf } from "./mail-plan.ts";
import { DIMENSIONS, SLOTS } from "./mail-styles.ts";
import { smallestEdit, writeText } from "./text.ts";
import { demandsOf, drawDemands } from "./users.ts";
import { USER_KINDS, type Wish } from "./world.ts";

const world = createMailWorld({ seed: 11 });
const contexts = world.contexts("fresh", 40);

/** What a text must and must not hold for a wish to be met; written without the wording tables' machinery. */
const SIGNS: Readonly<Record<string, { has: RegExp; not?: RegExp }>> = {
  "header=subject": { has: /^Subject: the \w+/ },
  "header=memo": { has: /^To: M[rs]s? \w+ \w+\nFrom: / },
  "tone=formal": {
    has: /Dear M[rs]s? \w+,[\s\S]*\nWith great respect/,
    not: /Hello|Good day|Hey|Best regards|Kind regards/,
  },
  "tone=casual": { has: /Hey \w+, great[\s\S]*\nCheers/, not: /Hello|Good day|Dear|regards/ },
  "tone=bare": { has: /./, not: /Hello|Good day|Hey|Dear|regards|Cheers/ },
  "mood=emoji": { has: /🙂[\s\S]*🙏[\s\S]*🌞/u, not: /urgent/ },
  "mood=urgent": { has: /urgent/, not: /\p{Extended_Pictographic}/u },
  "deadline=first": {
    has: /due by \w+day \w+\.[\s\S]*the/,
    not: /(morning|noon|evening)[\s\S]*(morning|noon|evening)/,
  },
  "deadline=last": {
    has: /the deadline is \w+day \w+\.(\n|$)/,
    not: /(morning|noon|evening)[\s\S]*(morning|noon|evening)/,
  },
  "opening=warm": { has: /pleasure/, not: /Sorry|hope|trust/ },
  "opening=direct": { has: /./, not: /Sorry|hope|trust|pleasure/ },
  "opening=apology": { has: /Sorry/, not: /pleasure|hope|trust/ },
  "layout=bullets": { has: /\n- Topic: .*\n- Problem: .*\n- Wanted: /, not: /Please|Could/ },
  "layout=brief": { has: /About the .*: /, not: /\n- |writing about|mail is about|noticed|been told/ },
  "extra=attachment": { has: /attached the \w+ as a file/, not: /PS:/ },
  "extra=postscript": { has: /\nPS: /, not: /attached/ },
  "closing=thanks": { has: /Thank you very much/, not: /Would that|Reply|problem\.|unclear/ },
  "closing=question": { has: /need more time\?/, not: /Thank you|Reply|problem\.|unclear/ },
  "closing=action": { has: /Reply to this mail/, not: /Thank you|Would that|problem\.|unclear/ },
  "signature=full": { has: /\w+ \w+, [\w ]+, 12 Market Street/, not: /extension/ },
  "signature=contact": { has: /\w+ \(call extension 40/, not: /Street/ },
  "voice=contracted": { has: /./, not: /\b(I am|I have|you are|all is well|it is|there is)\b/ },
  "voice=we": { has: /./, not: /\b(I|me|My)\b/ },
};

const meets = ({ dimension, value }: Wish, text: string): boolean => {
  const { has, not } = SIGNS[`${dimension}=${value}`]!;
  return has.test(text) && !not?.test(text);
};

/** Drafts as a model may leave them. */
function brokenDrafts(context: string): string[] {
  const neutral = world.neutralDraft(context);
  return [
    "",
    "   \n",
    "the the the the the the the the",
    neutral.slice(0, 60),
    neutral.repeat(3),
    tokenizeWords(neutral).reverse().join(" "),
    "Dear PS: - Topic:\n\n🙂🙂 I'm We've",
    world.neutralDraft(contexts[0]!),
  ];
}

describe("contexts of the mail world", () => {
  it("state every fact, name no domain, and are read back", () => {
    for (const context of contexts) {
      const facts = readPrompt(context);
      const words = wordsOf(facts);
      for (const key of [
        "title",
        "first",
        "last",
        "sender",
        "surname",
        "role",
        "subject",
        "issue",
        "wanted",
        "deadline",
      ]) {
        expect(context).toContain(words[key]!);
      }
      for (const { name } of world.domains) expect(context).not.toContain(name);
      const count = context.split(" ").length;
      expect(count).toBeGreaterThanOrEqual(20);
      expect(count).toBeLessThanOrEqual(40);
    }
  });

  it("are distinct, and fresh ones never occur in a log or a corpus, whatever the seed", () => {
    const log = world.contexts("log", 2000);
    expect(new Set(log).size).toBe(2000);
    expect(new Set(world.contexts("fresh", 2000)).size).toBe(2000);
    for (const context of log) expect(isFresh(readPrompt(context))).toBe(false);
    for (const context of createMailWorld({ seed: 4 }).contexts("fresh", 200)) {
      expect(isFresh(readPrompt(context))).toBe(true);
    }
  });

  it("follow from the seed", () => {
    expect(createMailWorld({ seed: 11 }).contexts("fresh", 5)).toEqual(contexts.slice(0, 5));
    expect(createMailWorld({ seed: 12 }).contexts("fresh", 5)).not.toEqual(contexts.slice(0, 5));
  });

  it("are the only texts that the world takes", () => {
    for (const text of [
      "",
      "Write a mail.",
      contexts[0]!.replace(/the \w+/, "the cat"),
      `${contexts[0]} Thanks.`,
    ]) {
      expect(() => world.edit(text, "Hello")).toThrow(InvalidInput);
    }
    for (const seed of [-1, 0.5, Number.NaN]) expect(() => createMailWorld({ seed })).toThrow(InvalidInput);
    for (const count of [-1, 0.5, Number.NaN, Number.POSITIVE_INFINITY]) {
      expect(() => world.contexts("log", count)).toThrow(InvalidInput);
    }
    const user = "absent" as "strong";
    expect(() => world.edit(contexts[0]!, "Hello", { user })).toThrow(InvalidInput);
  });
});

describe("hidden wishes", () => {
  it("are four per domain, on four dimensions, each opposed by another domain, for any seed", () => {
    const drawn = new Set<string>();
    for (let seed = 0; seed < 50; seed++) {
      const { domains } = createMailWorld({ seed });
      const all = domains.flatMap(({ wishes }) => wishes);
      expect(domains.length).toBeGreaterThanOrEqual(4);
      for (const { wishes } of domains) expect(new Set(wishes.map((wish) => wish.dimension)).size).toBe(4);
      expect(new Set(all.map(({ dimension, value }) => `${dimension}=${value}`)).size).toBe(16);
      for (const { dimension, value } of all) {
        expect(all.some((other) => other.dimension === dimension && other.value !== value)).toBe(true);
      }
      drawn.add(JSON.stringify(domains));
    }
    expect(drawn.size).toBe(50);
  });

  it("are realised by mails that show them and no opposed wish", () => {
    const facts = readPrompt(contexts[0]!);
    for (const { name, wishes } of DIMENSIONS) {
      for (const [value, text] of Object.entries(wishes)) {
        const mail = writeText(mailTask, facts, { [name]: value });
        expect(meets({ dimension: name, value, text }, mail), `${text}\n${mail}`).toBe(true);
        for (const other of Object.keys(wishes)) {
          if (other !== value) expect(meets({ dimension: name, value: other, text }, mail), mail).toBe(false);
        }
        expect(mail).not.toBe(writeText(mailTask, facts, {}));
      }
    }
  });

  it("leave exactly one variant of every slot under every style", () => {
    for (const slot of SLOTS) {
      const names = [...new Set(slot.flatMap(({ when }) => Object.keys(when ?? {})))];
      const dimensions = DIMENSIONS.filter(({ name }) => names.includes(name));
      expect(dimensions).toHaveLength(names.length);
      const styles = dimensions.reduce<Record<string, string>[]>(
        (heads, { name, wishes }) =>
          heads.flatMap((head) =>
            ["plain", ...Object.keys(wishes)].map((value) => ({ ...head, [name]: value })),
          ),
        [{}],
      );
      for (const style of styles) {
        const fitting = slot.filter(({ when }) =>
          Object.entries(when ?? {}).every(([name, values]) => values.includes(style[name]!)),
        );
        expect(fitting).toHaveLength(1);
      }
    }
  });
});

describe("the strong user", () => {
  it("leaves the ideal mail as it is, at cost 0", () => {
    for (const context of contexts) {
      const ideal = world.ideal(context);
      expect(world.edit(context, ideal)).toBe(ideal);
      expect(world.cost(ideal, world.edit(context, ideal))).toBe(0);
    }
  });

  it("puts in all wishes and facts, whatever the draft, and is content with the result", () => {
    for (const seed of [11, 12, 13, 14, 15, 16]) {
      const other = createMailWorld({ seed });
      for (const context of other.contexts("fresh", 8)) {
        const facts = readPrompt(context);
        for (const draft of [other.neutralDraft(context), ...brokenDrafts(context)]) {
          const edited = other.edit(context, draft);
          for (const wish of other.domainOf(context).wishes)
            expect(meets(wish, edited), `${wish.text}\n${edited}`).toBe(true);
          for (const fact of [
            facts.sender,
            facts.item,
            facts.topic,
            facts.issue,
            `${facts.day} ${facts.time}`,
          ]) {
            expect(edited).toContain(fact);
          }
          expect(other.edit(context, edited)).toBe(edited);
        }
      }
    }
  });

  it("changes as few tokens as the cost counts, and no more than writing the ideal mail anew", () => {
    for (const context of contexts) {
      for (const draft of [world.neutralDraft(context), ...brokenDrafts(context)]) {
        const facts = readPrompt(context);
        const { distance, text } = smallestEdit(
          mailTask,
          facts,
          demandsOf(world.domainOf(context).wishes),
        )(draft);
        expect(editCost(draft, text, { normalize: "none" })).toBe(distance);
        expect(distance).toBeLessThanOrEqual(editCost(draft, world.ideal(context), { normalize: "none" }));
      }
    }
  });

  it("has the whole mail to write where the draft is empty", () => {
    for (const draft of ["", " \n"]) {
      const edited = world.edit(contexts[0]!, draft);
      expect(world.cost(draft, edited)).toBe(1);
      expect(world.edit(contexts[0]!, edited)).toBe(edited);
    }
  });

  it("keeps the draft's wording where it may, and corrects wrong facts", () => {
    const context = contexts[0]!;
    const facts = readPrompt(context);
    const plain = smallestEdit(mailTask, facts, {});
    const mail = writeText(mailTask, facts, {});
    expect(plain(mail)).toEqual({ distance: 0, text: mail });
    expect(plain(mail.replace("Hello", "Good day")).distance).toBe(0);
    expect(plain(mail.replace("\n", "  ")).text).toBe(mail.replace("\n", "  "));
    const wrongDay = facts.day === "Monday" ? "Friday" : "Monday";
    expect(plain(mail.replace(facts.day, wrongDay))).toEqual({ distance: 1, text: mail });
    expect(plain(writeText(mailTask, facts, { extra: "postscript" })).text).toBe(mail);
  });
});

describe("the other users", () => {
  it("weak demands one or two wishes, accepts the others either way, and varies with the episode", () => {
    const context = contexts[0]!;
    const { wishes } = world.domainOf(context);
    const neutral = world.neutralDraft(context);
    const met = new Set<string>();
    for (let episode = 0; episode < 40; episode++) {
      const edited = world.edit(context, neutral, { user: "weak", episode });
      const values = wishes.filter((wish) => meets(wish, edited)).map(({ value }) => value);
      expect(values.length).toBeGreaterThanOrEqual(1);
      expect(values.length).toBeLessThanOrEqual(2);
      met.add(values.join());
      expect(world.edit(context, neutral, { user: "weak", episode })).toBe(edited);
      expect(world.edit(context, edited, { user: "weak", episode })).toBe(edited);
      const ideal = world.ideal(context);
      expect(world.edit(context, ideal, { user: "weak", episode })).toBe(ideal);
    }
    expect(met.size).toBe(10);
  });

  it("lazy mostly accepts what would be much work, and otherwise edits as strong does", () => {
    let accepted = 0;
    for (const [episode, context] of contexts.entries()) {
      const draft = world.neutralDraft(context);
      const edited = world.edit(context, draft, { user: "lazy", episode });
      if (edited === draft) accepted++;
      else expect(edited).toBe(world.edit(context, draft));
      const nearly = world.ideal(context).replace(readPrompt(context).day, "Sunday");
      expect(world.edit(context, nearly, { user: "lazy", episode })).toBe(world.edit(context, nearly));
    }
    expect(accepted).toBeGreaterThan(contexts.length / 2);
  });

  it("lateral changes what nobody wished for", () => {
    const context = contexts[0]!;
    const ideal = world.ideal(context);
    const changed = Array.from({ length: 40 }, (_, episode) =>
      world.edit(context, ideal, { user: "lateral", episode }),
    );
    expect(new Set(changed).size).toBeGreaterThan(20);
  });

  it("all state their demands as known values of known dimensions", () => {
    const draws = createRng(1).draws("demands");
    for (const kind of USER_KINDS) {
      for (const [name, values] of Object.entries(
        drawDemands(DIMENSIONS, kind, world.domains[0]!.wishes, draws),
      )) {
        const dimension = DIMENSIONS.find((other) => other.name === name)!;
        for (const value of values) expect(["plain", ...Object.keys(dimension.wishes)]).toContain(value);
      }
    }
  });
});
