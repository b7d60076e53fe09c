import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, describe, expect, it, vi } from "vitest";

const folder = join(import.meta.dirname, "..", "examples");
const programs = readdirSync(folder).filter((file) => file.endsWith(".ts"));

afterEach(() => {
  vi.restoreAllMocks();
});

describe("examples", () => {
  for (const file of programs) {
    it(`${file} runs and prints finite numbers`, async () => {
      const printed: string[] = [];
      vi.spyOn(console, "log").mockImplementation((...parts: unknown[]) => {
        printed.push(parts.map(String).join(" "));
      });
      await import(join(folder, file));
      const text = printed.join("\n");
      expect(text).toMatch(/\d/);
      expect(text).not.toMatch(/NaN|undefined|\[object/);
      if (file === "tune-simulator.ts") {
        const [untuned, tuned] = [...text.matchAll(/mean cost ([\d.]+)/g)].map(([, cost]) => Number(cost));
        expect(tuned).toBeLessThan(untuned! / 2);
      }
    }, 180_000);

    it(`${file} is a short program`, () => {
      expect(readFileSync(join(folder, file), "utf8").split("\n").length).toBeLessThanOrEqual(81);
    });
  }
});
