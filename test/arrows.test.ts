import { readdirSync, readFileSync } from "node:fs";
import { join, posix, relative } from "node:path";
import { describe, expect, it } from "vitest";

/** Which rooms a room may import. The one place where the arrows between rooms are written down for the machine. */
const ARROWS: Readonly<Record<string, readonly string[]>> = {
  wasm: [],
  report: [],
  random: ["wasm"],
  linalg: ["wasm"],
  core: ["random"],
  "zeroth-order": ["core", "random", "linalg"],
  inference: ["core", "random", "linalg", "wasm"],
  games: ["core", "random", "linalg"],
  manifolds: ["core", "random", "linalg"],
  constraints: ["core", "random", "linalg"],
  lm: ["core", "random", "linalg", "wasm"],
  edits: ["core", "random", "linalg", "wasm", "lm", "inference", "games", "zeroth-order"],
  executors: ["core"],
  store: ["core"],
  server: ["core", "store", "edits", "report"],
  integrations: ["core", "edits"],
  cli: ["*"],
};

/** Files of core that every room may import by themselves. */
const COMMON = new Set(["core/errors.ts", "core/checks.ts"]);

/** Where `node:` modules may be imported; every other file runs in a browser too. */
const NODE_ROOMS = new Set(["cli", "executors", "store", "server", "integrations"]);

const source = join(import.meta.dirname, "..", "src");
const files = readdirSync(source, { recursive: true, encoding: "utf8" })
  .map((file) => file.split("\\").join("/"))
  .filter((file) => file.endsWith(".ts"));
const isTest = (file: string) => /\.test(-d)?\.ts$/.test(file);

const imports = (file: string, folder: string = source): string[] => {
  const text = readFileSync(join(folder, file), "utf8");
  return [
    ...text.matchAll(
      /(?:^|\n)\s*(?:import|export)\b[^;"']*?from\s*["']([^"']+)["']|import\(\s*["']([^"']+)["']\s*\)|(?:^|\n)import\s*["']([^"']+)["']/g,
    ),
  ].map((match) => (match[1] ?? match[2] ?? match[3])!);
};

describe("arrows between rooms", () => {
  it("has every room in the list", () => {
    const rooms = new Set(files.map((file) => file.split("/")[0]!));
    expect([...rooms].filter((room) => !(room in ARROWS))).toEqual([]);
  });

  it("follows only the allowed arrows; every room may import core's errors and checks", () => {
    const wrong: string[] = [];
    for (const file of files.filter((file) => !isTest(file))) {
      const room = file.split("/")[0]!;
      const allowed = ARROWS[room]!;
      for (const target of imports(file).filter((name) => name.startsWith("."))) {
        const to = posix.normalize(posix.join(posix.dirname(file), target));
        const other = to.split("/")[0]!;
        if (other === room || allowed.includes("*") || allowed.includes(other) || COMMON.has(to)) continue;
        wrong.push(`${file} imports ${to}`);
      }
    }
    expect(wrong).toEqual([]);
  });

  it("keeps node: modules out of what runs in a browser", () => {
    const wrong = files
      .filter(
        (file) => !isTest(file) && !NODE_ROOMS.has(file.split("/")[0]!) && !file.split("/").includes("node"),
      )
      .filter((file) => imports(file).some((name) => name.startsWith("node:") || /\/node\//.test(name)));
    expect(wrong).toEqual([]);
  });

  it("imports no other room's inside where the room has a public index", () => {
    const wrong: string[] = [];
    for (const file of files.filter((file) => !isTest(file))) {
      const room = file.split("/")[0]!;
      for (const target of imports(file).filter((name) => name.startsWith("."))) {
        const to = posix.normalize(posix.join(posix.dirname(file), target));
        if (to.split("/")[0] === room || COMMON.has(to)) continue;
        if (!/^[^/]+\/(node\/)?index\.ts$/.test(to)) wrong.push(`${file} reaches into ${relative(".", to)}`);
      }
    }
    expect(wrong).toEqual([]);
  });

  it("lets experiments and examples use the public package only", () => {
    const wrong: string[] = [];
    for (const room of ["experiments", "examples"]) {
      const folder = join(source, "..", room);
      const programs = readdirSync(folder, { recursive: true, encoding: "utf8" })
        .map((file) => file.split("\\").join("/"))
        .filter((file) => file.endsWith(".ts") && !isTest(file) && !file.endsWith(".config.ts"));
      for (const file of programs) {
        for (const target of imports(file, folder)) {
          const inside = target.startsWith(".") && !posix.join(posix.dirname(file), target).startsWith("..");
          // Examples show the package beside what apps use with it.
          const shipped =
            room === "experiments"
              ? /^fpx(\/|$)/
              : /^(fpx(\/|$)|node:|ai$|@ai-sdk\/|hono$|@hono\/|onnxruntime-web(\/|$))/;
          if (!inside && !shipped.test(target)) wrong.push(`${room}/${file} imports ${target}`);
        }
      }
    }
    expect(wrong).toEqual([]);
  });
});
