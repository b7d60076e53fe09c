/**
 * Runs what the documentation shows. In README.md and docs/: a `ts` block is a program of its own; each line of an
 * `sh` block is a command that must end with exit code 0, or with the one named in `# exit N`; a block marked
 * `file=NAME` is written to that file first. All blocks of a page share one folder, in which `samples/` lies.
 * A `console.log(...); // text` must print that text. `console` and `text` blocks are shown only.
 */
import { spawnSync } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { dirname, join, relative } from "node:path";
import { pathToFileURL } from "node:url";
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from "vitest";
import { loadModule } from "../src/executors/index.ts";
import { root } from "./support/fpx.ts";

interface Block {
  readonly language: string;
  readonly file: string | undefined;
  readonly line: number;
  readonly text: string;
}

const SHOWN = new Set(["console", "text", "mermaid"]);
const RUN = new Set(["ts", "sh", "json", "jsonl", "yaml", "csv"]);
const loader = pathToFileURL(
  join(dirname(createRequire(import.meta.url).resolve("jiti")), "jiti-register.mjs"),
).href;
/** fpx from source, for bash. */
const FPX = `'${process.execPath}' --import '${loader}' '${join(root, "src/cli/main.ts")}'`;

const pages = [
  join(root, "README.md"),
  ...(readdirSync(join(root, "docs"), { recursive: true }) as string[])
    .filter((file) => file.endsWith(".md") && !file.startsWith("decisions"))
    .sort()
    .map((file) => join(root, "docs", file)),
];

function blocksOf(page: string): readonly Block[] {
  const blocks: Block[] = [];
  let open: { language: string; file: string | undefined; line: number; lines: string[] } | undefined;
  for (const [i, line] of readFileSync(page, "utf8").split("\n").entries()) {
    const fence = /^```(\w*)(?:\s+file=(\S+))?\s*$/.exec(line);
    if (fence === null) open?.lines.push(line);
    else if (open === undefined) open = { language: fence[1] ?? "", file: fence[2], line: i + 1, lines: [] };
    else {
      blocks.push({ language: open.language, file: open.file, line: open.line, text: open.lines.join("\n") });
      open = undefined;
    }
  }
  expect(open, `${page}: a block is never closed`).toBeUndefined();
  return blocks;
}

afterEach(() => {
  vi.restoreAllMocks();
});

describe.each(pages)("%s", (page) => {
  const blocks = blocksOf(page);
  let folder: string;
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), "fpx-docs-"));
    symlinkSync(join(root, "samples"), join(folder, "samples"));
    process.chdir(folder);
  });
  afterAll(() => {
    process.chdir(root);
    rmSync(folder, { recursive: true, force: true });
  });

  it("uses blocks of known kinds, and links that lead somewhere", () => {
    for (const { language, line } of blocks)
      expect(RUN.has(language) || SHOWN.has(language), `${page}:${line}: block of kind "${language}"`).toBe(
        true,
      );
    for (const [, target] of readFileSync(page, "utf8").matchAll(/\]\((?!https?:|#)([^)#\s]+)[^)]*\)/g))
      expect(() => readFileSync(join(dirname(page), target!)), `${page}: link to ${target}`).not.toThrow(
        /ENOENT/,
      );
  });

  for (const { language, file, line, text } of blocks) {
    const name = `${relative(root, page)}:${line}`;
    if (file !== undefined) it(`${name} gives ${file}`, () => writeFileSync(join(folder, file), `${text}\n`));
    else if (language === "ts")
      it(`${name} runs`, async () => {
        const printed: string[] = [];
        vi.spyOn(console, "log").mockImplementation((...parts: unknown[]) => {
          printed.push(parts.map(String).join(" "));
        });
        const path = join(folder, `block-${line}.ts`);
        writeFileSync(path, text);
        await loadModule(path);
        const promised = [...text.matchAll(/console\.log\(.*\);? \/\/ (.*)$/gm)].map(([, words]) => words);
        if (promised.length > 0) expect(printed).toEqual(promised);
      }, 120_000);
    else if (language === "sh")
      it(`${name} runs`, () => {
        for (const command of text.split("\n").filter((words) => /^\s*[^#\s]/.test(words))) {
          const code = Number(/# exit (\d+)/.exec(command)?.[1] ?? 0);
          expect(command, "a command of another program belongs into a console block").toMatch(
            /^(npx )?fpx |\| (npx )?fpx /,
          );
          const ended = spawnSync(
            "bash",
            ["-c", `fpx() { ${FPX} "$@"; }\n${command.replaceAll("npx fpx", "fpx")}`],
            {
              cwd: folder,
              encoding: "utf8",
              input: "",
            },
          );
          expect(ended.status, `${command}\n${ended.stdout}${ended.stderr}`).toBe(code);
        }
      }, 300_000);
  }
});
