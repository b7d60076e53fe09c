import { describe, expect, it } from "vitest";
import { InvalidInput } from "../../core/errors.ts";
import { createMailWorld } from "./mail.ts";
import { simulateLog, worldOfMeta } from "./simulated-log.ts";
import { USER_KINDS } from "./world.ts";

const world = createMailWorld({ seed: 5 });
const contexts = world.contexts("log", 30);
const drafts = contexts.map((context, index) => world.neutralDraft(context, index));

describe("simulateLog", () => {
  it("makes records from which world and edits can be made again", () => {
    for (const user of USER_KINDS) {
      const records = simulateLog(world, contexts, drafts, { user, policy: "plain" });
      expect(new Set(records.map(({ id }) => id)).size).toBe(30);
      for (const { context, draft, edited, meta, ...rest } of JSON.parse(
        JSON.stringify(records),
      ) as typeof records) {
        const again = worldOfMeta(meta)!;
        expect(again.domains).toEqual(world.domains);
        expect(again.edit(context as string, draft, { user, episode: meta!["episode"] as number })).toBe(
          edited,
        );
        expect(rest.policy).toBe("plain");
      }
    }
  });

  it("does not tell domains or wishes", () => {
    const text = JSON.stringify(
      simulateLog(
        world,
        contexts,
        contexts.map(() => ""),
        { policy: "plain", user: "lazy" },
      ).map(({ edited: _, ...seen }) => seen),
    );
    for (const { name, wishes } of world.domains) {
      expect(text).not.toContain(name);
      for (const wish of wishes) expect(text).not.toContain(wish.text);
    }
  });

  it("wants one draft per context", () => {
    expect(() => simulateLog(world, contexts, [], { policy: "plain" })).toThrow(InvalidInput);
  });
});

describe("worldOfMeta", () => {
  it("is undefined without a world, and refuses worlds it cannot make again", () => {
    expect(worldOfMeta(undefined)).toBeUndefined();
    expect(worldOfMeta({ seed: 1 })).toBeUndefined();
    expect(() => worldOfMeta({ world: "moon", worldVersion: 1, worldSeed: 1 })).toThrow(InvalidInput);
    expect(() => worldOfMeta({ world: "mail", worldVersion: 1, worldSeed: "1" })).toThrow(InvalidInput);
    expect(() => worldOfMeta({ world: "mail", worldVersion: 0, worldSeed: 1 })).toThrow(/version/);
  });
});
