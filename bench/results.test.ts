import { describe, expect, it } from "vitest";
import { keepsAim, resultsPage } from "./results.ts";

const row = { name: "work", ours: 2, peerName: "peer", unit: "ms" };

describe("keepsAim", () => {
  it("judges the ratio where there is a peer, else the figure", () => {
    expect(keepsAim({ ...row, peer: 4, ratio: 0.5, target: "<= 0.5" })).toBe(true);
    expect(keepsAim({ ...row, peer: 4, ratio: 0.51, target: "<= 0.5" })).toBe(false);
    expect(keepsAim({ ...row, peer: 2, ratio: 1, target: "< 1" })).toBe(false);
    expect(keepsAim({ ...row, peer: 2, ratio: 0.95, target: ">= 0.9" })).toBe(true);
    expect(keepsAim({ ...row, target: "<= 15" })).toBe(true);
    expect(keepsAim({ ...row, peer: 4, target: "<= 0.5" })).toBeUndefined();
    expect(keepsAim(row)).toBeUndefined();
  });
});

describe("resultsPage", () => {
  it("names what was missed first, and peers that were not there", () => {
    const measured = { title: "Work", day: "2026-01-31", machine: "m", load: 1, seconds: 3 };
    const page = resultsPage({
      work: {
        ...measured,
        rows: [
          { ...row, peer: 1, ratio: 2, spread: "1.9-2.1", target: "<= 1", limit: "light" },
          { ...row, name: "alone" },
          { ...row, name: "behind", peer: 1, ratio: 2 },
          { ...row, name: "ahead", peer: 4, ratio: 0.5 },
          { ...row, name: "slower than half", peer: 2, ratio: 0.9, target: ">= 0.8" },
        ],
      },
    });
    expect(page).toContain("- Work: **work** against peer: 2, aim <= 1");
    expect(page).toMatch(
      /none set\n\n- Work: \*\*behind\*\* against peer: 2\n- Work: \*\*slower than half\*\*/,
    );
    expect(page).not.toContain("**ahead**");
    expect(page).toMatch(/work +\| 2 ms .*1\.9-2\.1.*missed.*light/);
    expect(page).toMatch(/alone .*not measured/);
  });
});
