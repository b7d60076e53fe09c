/**
 * The package as others get it: packed, installed into an empty folder, used in Node, in the next Node and in a
 * browser page. Needs the registry.
 */
import { execFileSync, spawnSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { build, type Rolldown } from "vite";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { root } from "./support/fpx.ts";
import { folderBytes, startChromium } from "./support/services.ts";

/** Rooms that run in browsers too, with what each may add to a bundle, in kB after gzip. */
const BROWSER_ROOMS = {
  /** Loaded with the page. */
  start: 60,
  /** Parts of fpx that a room loads when they are first used; the training of language models is one. */
  onUse: {
    core: 0,
    random: 0,
    linalg: 0,
    report: 0,
    inference: 0,
    games: 0,
    manifolds: 0,
    "zeroth-order": 0,
    constraints: 0,
    lm: 0,
    edits: 40,
  },
} as const;

let folder: string;
let app: string;
let installed: { seconds: number; output: string };

const npm = (args: readonly string[], cwd: string) =>
  spawnSync("npm", [...args], {
    cwd,
    encoding: "utf8",
    env: {
      ...Object.fromEntries(Object.entries(process.env).filter(([key]) => !key.startsWith("npm_"))),
      CI: "",
    },
  });

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "fpx-package-"));
  execFileSync("npm", ["run", "--silent", "build"], { cwd: root, stdio: "inherit" });
  const packed = npm(["pack", "--json", "--ignore-scripts", "--pack-destination", folder], root);
  const [{ filename }] = JSON.parse(packed.stdout) as [{ filename: string }];
  app = join(folder, "app");
  mkdirSync(app);
  writeFileSync(join(app, "package.json"), JSON.stringify({ name: "app", private: true, type: "module" }));
  const began = performance.now();
  const { status, stdout, stderr } = npm(["install", "--no-audit", "--no-fund", join(folder, filename)], app);
  installed = { seconds: (performance.now() - began) / 1000, output: stdout + stderr };
  expect(status, installed.output).toBe(0);
}, 300_000);

afterAll(() => rmSync(folder, { recursive: true, force: true }));

const subpaths = (): readonly string[] => {
  const { exports } = JSON.parse(readFileSync(join(app, "node_modules/fpx/package.json"), "utf8")) as {
    exports: Readonly<Record<string, string>>;
  };
  return Object.keys(exports).flatMap((key) => {
    if (key.endsWith(".json")) return [];
    const name = `fpx${key.slice(1)}`;
    if (!key.endsWith("*")) return [name];
    return ["games", "inference", "zeroth-order", "edits", "manifolds", "constraints"].map((room) =>
      name.replace("*", room),
    );
  });
};

describe("the installed package", () => {
  it("installs without a script or a warning, and stays small", async ({ annotate }) => {
    await annotate(
      `installed in ${installed.seconds.toFixed(1)} s: ${(folderBytes(join(app, "node_modules")) / 1e6).toFixed(1)} MB`,
    );
    expect(installed.output).not.toMatch(/warn/i);
    expect(readFileSync(join(app, "package-lock.json"), "utf8")).not.toContain("hasInstallScript");
    // The database's driver brings two builds for Linux, about 10 MB each, where one is used.
    expect(folderBytes(join(app, "node_modules"))).toBeLessThan(45e6);
  });

  it("carries the notices of what it embeds", () => {
    for (const file of ["LICENSE", "NOTICE.md", "dist/studio/licenses.md"])
      expect(existsSync(join(app, "node_modules/fpx", file)), file).toBe(true);
  });

  const importAll = `for (const name of JSON.parse(process.argv[1])) await import(name); console.log("all of them");`;
  it("gives every subpath in this Node", () => {
    const ended = spawnSync(
      process.execPath,
      ["--input-type=module", "-e", importAll, JSON.stringify(subpaths())],
      { cwd: app, encoding: "utf8" },
    );
    expect(ended.stderr + ended.stdout).toBe("all of them\n");
  });

  it("gives every subpath and runs a study in Node 22", () => {
    const next = join(folder, "node22");
    mkdirSync(next);
    writeFileSync(join(next, "package.json"), "{}");
    const got = npm(["install", "node@22"], next);
    expect(got.status, got.stderr).toBe(0);
    const node = join(next, "node_modules/.bin/node");
    const version = spawnSync(node, ["--version"], { encoding: "utf8" }).stdout;
    expect(version).toMatch(/^v22\./);
    const ended = spawnSync(node, ["--input-type=module", "-e", importAll, JSON.stringify(subpaths())], {
      cwd: app,
      encoding: "utf8",
    });
    expect(ended.stderr + ended.stdout).toBe("all of them\n");
    runFirstStudy(node, "study22");
  }, 120_000);

  it("writes and runs a first study without questions, server or network", () => {
    runFirstStudy(process.execPath, "study20");
  }, 60_000);

  function runFirstStudy(node: string, name: string): void {
    const cwd = join(app, name);
    mkdirSync(cwd);
    const cli = join(app, "node_modules/fpx/dist/cli/main.js");
    // As root on Linux in a network of its own, which leads nowhere.
    const alone = spawnSync("unshare", ["-n", "true"]).status === 0 ? ["unshare", "-n"] : [];
    for (const args of [["init"], ["run", "study.ts"]]) {
      const [program, ...rest] = [...alone, node, cli, ...args];
      const ended = spawnSync(program!, rest, { cwd, encoding: "utf8", input: "" });
      expect(ended.status, `fpx ${args.join(" ")}\n${ended.stdout}${ended.stderr}`).toBe(0);
    }
  }
});

describe("in a bundle", () => {
  const bundle = async (source: string): Promise<Rolldown.RolldownOutput["output"]> => {
    const entry = join(app, "entry.js");
    writeFileSync(entry, source);
    const output = await build({
      root: app,
      configFile: false,
      logLevel: "error",
      build: { write: false, target: "es2022", rolldownOptions: { input: entry } },
    });
    return (output as Rolldown.RolldownOutput).output;
  };

  it.for(Object.entries(BROWSER_ROOMS.onUse))(
    `the whole of %s adds less than ${BROWSER_ROOMS.start} kB at the start, and at most %i kB on use`,
    async ([room, onUse], { annotate }) => {
      const files = await bundle(`import * as room from "fpx/${room}"; globalThis.room = room;`);
      const chunks = files.filter((file) => file.type === "chunk");
      const atStart = new Set(chunks.filter(({ isEntry }) => isEntry).map(({ fileName }) => fileName));
      for (const name of atStart)
        for (const other of chunks.find(({ fileName }) => fileName === name)!.imports) atStart.add(other);
      const kilobytes = (counted: typeof chunks) =>
        counted.reduce((sum, { code }) => sum + gzipSync(code).length, 0) / 1000;
      const start = kilobytes(chunks.filter(({ fileName }) => atStart.has(fileName)));
      const later = chunks.filter(({ fileName }) => !atStart.has(fileName));
      const own = kilobytes(
        later.filter(({ moduleIds }) => moduleIds.some((id) => id.includes("/fpx/dist/"))),
      );
      await annotate(
        `${room}: ${start.toFixed(1)} kB at the start; on use ${own.toFixed(1)} kB of fpx and ${(kilobytes(later) - own).toFixed(1)} kB of other packages`,
      );
      expect(start).toBeGreaterThan(0);
      expect(start).toBeLessThan(BROWSER_ROOMS.start);
      expect(own).toBeLessThanOrEqual(onUse);
    },
  );

  it("every browser room gives a page the bits that it gives Node", async () => {
    const source = `
      import { createRng } from "fpx/random";
      import { eigh, gemm } from "fpx/linalg";
      import { solveMatrixGame } from "fpx/games";
      import { minimize } from "fpx/zeroth-order";
      import { spd } from "fpx/manifolds";
      import { AveragedKieferWolfowitz, linearLoss } from "fpx/inference";
      import { certify, domain, forAll, linearModel, when } from "fpx/constraints";
      import { editCost, parseEditLog } from "fpx/edits";
      import { linePlot } from "fpx/report";
      import { run } from "fpx";
      import * as lm from "fpx/lm";
      globalThis.answer = async () => {
        const rng = createRng(5);
        const normals = rng.stream("page").normals(1000);
        const product = gemm(20, 20, 20, normals.slice(0, 400), normals.slice(400, 800));
        for (let i = 0; i < 20; i++) for (let j = 0; j < i; j++) product[i * 20 + j] = product[j * 20 + i];
        const game = await solveMatrixGame([[0, 2, -1], [-2, 0, 1], [1, -1, 0]]);
        const found = await minimize((x) => (x[0] - 1) ** 2 + (x[1] + 2) ** 2, [0, 0], { seed: 3, maxEvaluations: 500, stepSize: 0.1 });
        const where = domain({ age: [0, 1] });
        const certificate = certify(linearModel(where, ["f"], [[-2, 1]]), [forAll((x) => when(x.in("age").le(0.5)).then(x.out("f").lt(0)))]);
        return JSON.stringify({
          normals: [...normals], values: [...eigh(product, 20).values], game: [...game.rowStrategy, ...game.columnStrategy], found: [...found.x],
          certificate: certificate.ok, cost: editCost("a b c d", "a c d e"), names: [typeof spd, typeof AveragedKieferWolfowitz, typeof linearLoss, typeof parseEditLog, typeof linePlot, typeof run, Object.keys(lm).length > 50],
        });
      };`;
    const files = await bundle(source);
    const page = `<!doctype html><link rel="icon" href="data:,"><script type="module" src="/${files[0].fileName}"></script>`;
    const server: Server = createServer((request, response) => {
      const file = files.find(({ fileName }) => request.url === `/${fileName}`);
      if (file === undefined) {
        response.statusCode = request.url === "/" ? 200 : 404;
        response.setHeader("content-type", "text/html");
        response.end(page);
      } else {
        response.setHeader(
          "content-type",
          file.fileName.endsWith(".wasm") ? "application/wasm" : "text/javascript",
        );
        response.end(file.type === "chunk" ? file.code : file.source);
      }
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const browser = (await startChromium())!;
    try {
      const tab = await browser.newPage();
      const complaints: string[] = [];
      tab.on("pageerror", (error) => complaints.push(String(error)));
      await tab.goto(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`);
      const there = await tab.evaluate("globalThis.answer()");
      expect(complaints).toEqual([]);
      const here = spawnSync(
        process.execPath,
        ["--input-type=module", "-e", `${source} console.log(await globalThis.answer())`],
        { cwd: app, encoding: "utf8" },
      );
      expect(here.stderr).toBe("");
      expect(JSON.parse(there as string)).toEqual(JSON.parse(here.stdout));
    } finally {
      await browser.close();
      server.close();
    }
  }, 60_000);
});
