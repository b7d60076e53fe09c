/**
 * Fuzzing of everything that reads what others wrote. Good files, damaged in every way, must give a result or an error
 * of fpx's own that says what is wrong; never another error, never seconds of work, never more memory than `MOST_BYTES`.
 */
import { readFileSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { parse as parseYaml } from "yaml";
import { readTable, splitColumns } from "../../src/cli/fit-table.ts";
import { csvRows, jsonRows, type RowParser, type RowSink } from "../../src/cli/infer-rows.ts";
import {
  certify,
  domain,
  forAll,
  linearModel,
  parseModel,
  parseRules,
  rulesFromData,
  when,
} from "../../src/constraints/index.ts";
import { decodeSnapshot, encodeSnapshot, FpxError, type Snapshot } from "../../src/core/index.ts";
import { EDIT_FORMATS } from "../../src/edits/exports/formats.ts";
import { exportLines, importFormat, LateEnsemble, parseEditLog } from "../../src/edits/index.ts";
import { OptimisticFtpl, type SelectorState } from "../../src/games/index.ts";
import { AveragedKieferWolfowitz, linearLoss } from "../../src/inference/index.ts";
import { loadTokenizer, readModelConfig, readSafetensors } from "../../src/lm/index.ts";
import { compileTemplate } from "../../src/lm/tokenizers/templates/template.ts";
import { randomFormat } from "../../src/random/index.ts";
import { type RunningServer, startServer } from "../../src/server/index.ts";
import { openStore, type Store } from "../../src/store/index.ts";
import { decodeReplayLog, encodeReplayLog, type ReplayLog, replay } from "../../src/zeroth-order/index.ts";
import { root } from "./fpx.ts";
import { damagedBytes, damagedJson, damagedText } from "./mutate.ts";

/** What all parsers together may take beyond the files, which are below 1 MB. */
const MOST_BYTES = 384 * 2 ** 20;
const MOST_MILLISECONDS = 5000;

const read = (file: string): string => readFileSync(join(root, file), "utf8");
const parseJson = (file: string): unknown => JSON.parse(read(file));

/** Calls a reader; what it throws must be fpx's own error, with words. */
async function tolerates(reader: () => unknown): Promise<void> {
  const began = performance.now();
  try {
    await reader();
  } catch (error) {
    if (!(error instanceof FpxError)) throw error;
    expect(error.message.length).toBeGreaterThan(10);
  }
  expect(performance.now() - began).toBeLessThan(MOST_MILLISECONDS);
}

/** Defines the fuzz tests, with so many damaged files for each reader. */
export function fuzz(runs: number): void {
  const seed = Number(process.env["FPX_FUZZ_SEED"] ?? 1);
  const fuzzes = <T>(name: string, files: fc.Arbitrary<T>, reader: (file: T) => unknown): void => {
    it(name, async () => {
      await fc.assert(
        fc.asyncProperty(files, (file) => tolerates(() => reader(file))),
        { numRuns: runs, seed },
      );
    });
  };

  describe("damaged files", () => {
    const lines = read("samples/mail/log.jsonl").split("\n").slice(0, 12);
    const log = lines.join("\n");
    fuzzes("edit logs as text", damagedText(log), (text) => parseEditLog(text));
    fuzzes("edit logs as values", damagedJson(lines.map((line) => JSON.parse(line) as unknown)), (value) =>
      parseEditLog((Array.isArray(value) ? value : [value]).map((line) => JSON.stringify(line)).join("\n")),
    );

    const { records } = parseEditLog(log);
    for (const { name } of EDIT_FORMATS) {
      const written = [...exportLines(records, name)];
      fuzzes(
        `training files of ${name}`,
        damagedJson(written.map((line) => JSON.parse(line) as unknown)),
        (value) =>
          importFormat(
            name,
            (Array.isArray(value) ? value : [value]).map((line) => JSON.stringify(line)).join("\n"),
          ),
      );
    }
    fuzzes(
      "training files as text",
      damagedText([...exportLines(records, "trl-preference")].join("\n")),
      (text) => importFormat("trl-preference", text),
    );

    const table = read("samples/covariance/windows.csv");
    const sink: RowSink = { begin: () => undefined, row: () => undefined };
    const feed = (parser: RowParser, text: string): void => {
      parser.write(text.slice(0, text.length / 2));
      parser.write(text.slice(text.length / 2));
      parser.end();
    };
    fuzzes("CSV streams", damagedText(table), (text) => feed(csvRows("data.csv", {}, sink), text));
    fuzzes("CSV tables", damagedText(table), (text) =>
      splitColumns(readTable(text, "data.csv").rows, ["y"], "data.csv"),
    );
    fuzzes("JSONL streams", damagedText('{"a":1,"b":2.5,"y":3}\n{"a":2,"b":0,"y":-1e3}\n'), (text) =>
      feed(jsonRows("data.jsonl", {}, sink), text),
    );

    fuzzes("rules as text", damagedText(RULES), (text) => parseRules(text));
    fuzzes("rules as values", damagedJson(parseYaml(RULES)), (value) => rulesFromData(value));
    const where = domain({ age: [18, 80], member: { binary: true }, town: { categories: ["a", "b"] } });
    const kept = [forAll((x) => when(x.in("age").le(30)).then(x.out("f").lt(0)))];
    fuzzes(
      "models",
      damagedJson(JSON.parse(JSON.stringify(linearModel(where, ["f"], [[-2, 1, 0.5, 0, 1]])))),
      (value) => certify(parseModel(value), kept),
    );
    const network = {
      ...JSON.parse(JSON.stringify(linearModel(where, ["f"], [[-2, 1, 0.5, 0, 1]]))),
      kind: "network",
      layers: [
        {
          weights: [
            [0.5, 0, 1, -1],
            [1, 1, 0, 0],
          ],
          bias: [0.1, -0.2],
        },
      ],
      skip: [0],
      weights: [[-3, 0.5, 0.25, 1]],
    } as unknown;
    fuzzes("models of networks", damagedJson(network), (value) => certify(parseModel(value), kept));
    fuzzes(
      "models as text",
      damagedText(JSON.stringify(linearModel(where, ["f"], [[-2, 1, 0.5, 0, 1]]))),
      (text) => certify(parseModel(text), kept),
    );

    fuzzes(
      "safetensors",
      damagedBytes(readFileSync(join(root, "test/fixtures/llama/adapter/adapter_model.safetensors"))),
      (bytes) => readSafetensors(bytes),
    );
    fuzzes(
      "headers of safetensors",
      damagedJson({
        a: { dtype: "F32", shape: [2, 3], data_offsets: [0, 24] },
        __metadata__: { format: "pt" },
      }),
      (value) => {
        const header = new TextEncoder().encode(JSON.stringify(value));
        const bytes = new Uint8Array(8 + header.length + 24);
        new DataView(bytes.buffer).setBigUint64(0, BigInt(header.length), true);
        bytes.set(header, 8);
        return readSafetensors(bytes);
      },
    );
    const [tokenizer, config] = ["tokenizer.json", "tokenizer_config.json"].map((file) =>
      parseJson(`test/fixtures/llama/tokenizer/${file}`),
    );
    fuzzes("tokenizers", damagedJson({ json: tokenizer, config }), async (value) => {
      const { json, config } = (value ?? {}) as Parameters<typeof loadTokenizer>[0];
      const loaded = await loadTokenizer({ json, config });
      return loaded.decode(loaded.encode("Dear Ann, the report is due."));
    });
    fuzzes("model configurations", damagedJson(parseJson("test/fixtures/llama/tied/config.json")), (value) =>
      readModelConfig(value as Parameters<typeof readModelConfig>[0]),
    );
    const { cases } = parseJson("test/fixtures/chat-templates.json") as { cases: { template: string }[] };
    for (const [i, { template }] of cases.entries())
      fuzzes(`chat template ${i + 1}`, damagedText(template), (text) =>
        compileTemplate(text)({
          messages: [{ role: "user", content: "Hi" }],
          bos_token: "<s>",
          eos_token: "</s>",
          add_generation_prompt: true,
        }),
      );

    const snapshot: Snapshot = {
      format: 1,
      solver: "s",
      options: "o",
      problem: "p",
      seed: 1,
      random: "r",
      step: 3,
      calls: 6,
      state: { x: Float64Array.of(1, 2, 3), names: ["a", null, true], n: Int32Array.of(1) },
      journal: [[Float32Array.of(1), "answer"]],
    };
    fuzzes("snapshots", damagedBytes(encodeSnapshot(snapshot)), (bytes) => decodeSnapshot(bytes));
    const replayLog = {
      format: "fpx replay/1",
      random: randomFormat,
      size: 6,
      seed: 1,
      law: "rademacher",
      rule: { method: "central", mu: 0.1, levels: null, branch: 0.5, paperWeights: false },
      directions: 1,
      inPlace: true,
      amounts: Float32Array.of(0.5, -0.25),
    } as unknown as ReplayLog;
    fuzzes("replay logs", damagedBytes(encodeReplayLog(replayLog)), (bytes) =>
      replay([new Float32Array(6)], decodeReplayLog(bytes)),
    );

    const ensemble = new LateEnsemble({ a: 1, b: 2 });
    ensemble.record(ensemble.select().ticket, 0.4);
    fuzzes("states of a late ensemble", damagedJson(JSON.parse(JSON.stringify(ensemble))), (value) =>
      LateEnsemble.fromJSON(value as never, { a: 1, b: 2 }).select(),
    );
    const selector = new OptimisticFtpl({ arms: 3, feedback: "bandit", seed: 1 });
    selector.update(selector.choose().ticket, 0.5);
    fuzzes("states of a selector", damagedJson(JSON.parse(JSON.stringify(selector))), (value) =>
      OptimisticFtpl.fromJSON(value as SelectorState).choose(),
    );
    const estimator = new AveragedKieferWolfowitz({ initial: [0, 0], loss: linearLoss });
    for (let i = 0; i < 50; i++) estimator.update(Float64Array.of(1, i % 7, i % 3));
    fuzzes("states of an estimator", damagedJson(JSON.parse(JSON.stringify(estimator))), (value) =>
      AveragedKieferWolfowitz.fromJSON(value, linearLoss).update(Float64Array.of(1, 2, 3)),
    );

    describe("over HTTP", () => {
      let folder: string;
      let store: Store;
      let server: RunningServer;
      const failures: unknown[] = [];
      beforeAll(async () => {
        folder = await mkdtemp(join(tmpdir(), "fpx-fuzz-"));
        store = await openStore(join(folder, "fpx.db"));
        server = await startServer(store, { onError: (error) => failures.push(error) });
      });
      afterAll(async () => {
        await server.close();
        await store.close();
        await rm(folder, { recursive: true, force: true });
      });
      const edit = { id: "e1", context: "Ask Ann.", draft: "Dear Ann", edited: "Hi Ann", meta: { a: [1] } };
      for (const [path, good] of [
        ["/api/edits", edit],
        ["/api/drafts", { context: [{ role: "user", content: "Ask Ann." }], draft: "Dear Ann" }],
        ["/api/choose-arm", { bandit: "desk", arms: ["a", "b"] }],
        ["/api/feedback", { choice: "c", cost: 0.5 }],
      ] as const)
        for (const [kind, bodies] of [
          ["values", damagedJson(good).map((value) => JSON.stringify(value) ?? "")],
          ["text", damagedText(JSON.stringify(good))],
        ] as const)
          fuzzes(`${path}, damaged ${kind}`, bodies, async (body) => {
            const answer = await fetch(`${server.url}${path}`, {
              method: "POST",
              headers: { "content-type": "application/json" },
              body,
            });
            await answer.arrayBuffer();
            expect(failures).toEqual([]);
            expect(answer.status, body).toBeLessThan(500);
          });
    });

    it("took no more memory than stated", () => {
      expect(1024 * process.resourceUsage().maxRSS - baseline).toBeLessThan(MOST_BYTES);
    });
  });
}

const baseline = 1024 * process.resourceUsage().maxRSS;

const RULES = `domain:
  income: [0, 200]
  credit: binary
  town: { categories: [north, south] }
outputs: [approved, other]
rules:
  - name: no-credit
    when: credit = 0 and income < 40
    then: approved < 0
  - monotone: { output: approved, feature: income, direction: increasing }
  - range: { output: other, from: -1, to: 2.5 }
  - dominance: { lower: other, upper: approved }
  - argmax: { in: [approved], of: [approved, other] }
    when: income > 150
  - effect:
      output: approved
      weaker: { feature: credit, sign: 1, range: 1 }
      stronger: { feature: income, sign: 1, range: 50 }
`;
