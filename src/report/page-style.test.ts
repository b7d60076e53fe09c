import { createHash } from "node:crypto";
import { expect, it } from "vitest";
import { pageStyle, pageStyleHash } from "./page-style.ts";

it("names the hash of its own text", () => {
  expect(createHash("sha256").update(pageStyle).digest("base64")).toBe(pageStyleHash);
});
