import { describe, expect, it } from "vitest";
import { reproduction } from "./index.ts";

describe("the reproduction of games", () => {
  it("finds its cheap claims on a seed of its own, and tells progress", async () => {
    for (const id of ["R4", "R6"]) {
      const row = reproduction.rows.find((one) => one.id === id)!;
      let told = 0;
      const { claims } = await row.run({ quick: true, seed: 5, progress: () => void told++ });
      expect(claims.map(({ verdict }) => verdict)).toEqual(["reproduced"]);
      expect(told).toBeGreaterThan(1);
    }
  });

  it("stops when told to", async () => {
    const signal = AbortSignal.abort();
    await expect(reproduction.rows[0]!.run({ quick: true, seed: 1, signal, progress() {} })).rejects.toThrow(
      "abort",
    );
  });
});
