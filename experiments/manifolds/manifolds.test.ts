import { expect, it } from "vitest";
import { reproduction } from "./index.ts";

it.each(reproduction.rows)("finds the claim of $id on a seed of its own, and tells progress", async (row) => {
  let told = 0;
  const { claims } = await row.run({ quick: true, seed: 5, progress: () => void told++ });
  expect(claims.map(({ id, verdict }) => [id, verdict])).toEqual([[row.id, "reproduced"]]);
  expect(told).toBeGreaterThan(1);
});

it("stops when told to", async () => {
  const signal = AbortSignal.abort();
  for (const row of reproduction.rows)
    await expect(row.run({ quick: true, seed: 1, signal, progress() {} })).rejects.toThrow("abort");
});
