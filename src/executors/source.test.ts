import { mkdtempSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { afterAll, expect, it } from "vitest";
import { loadModule } from "./source.ts";

const folder = mkdtempSync(join(realpathSync(tmpdir()), "fpx-source-"));
afterAll(() => rmSync(folder, { recursive: true }));

it("finds this installation's rooms and package.json for a TypeScript module outside it", async () => {
  const path = join(folder, "study.ts");
  writeFileSync(
    path,
    `import { InvalidInput } from "fpx";
     import { spd } from "fpx/manifolds";
     export const found: string = spd(2).name + new InvalidInput("x").code;
     export const place: string = import.meta.resolve("fpx/package.json");`,
  );
  const { found, place } = await loadModule(path);
  expect(found).toBe("SPD(2)INVALID_INPUT");
  expect(place).toBe(pathToFileURL(join(import.meta.dirname, "../../package.json")).href);
});
