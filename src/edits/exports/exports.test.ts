import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { parseEditLog } from "../reader.ts";
import { type ChatMessage, type Context, contextMessages, type EditRecord, isEdited } from "../record.ts";
import { checkExport, exportLines } from "./export.ts";
import type { EditFormatName } from "./format.ts";
import { EDIT_FORMATS, editFormat } from "./formats.ts";
import { importFormat } from "./import.ts";

const CONTEXT: ChatMessage[] = [
  { role: "system", content: "Be brief." },
  { role: "user", content: "Ask Ann." },
];
const EDIT: EditRecord = { context: CONTEXT, draft: "DRAFT", edited: "EDITED", policy: "base@3", user: "u1" };
const PLAIN: EditRecord = { ...EDIT, context: "Ask Ann.\n" };
const many = (record: EditRecord, count = 12): EditRecord[] => Array.from({ length: count }, () => record);
const lines = (records: EditRecord[], format: EditFormatName, options = {}): string[] => [
  ...exportLines(records, format, options),
];
const first = (record: EditRecord, format: EditFormatName): unknown =>
  JSON.parse(lines(many(record), format)[0]!);
const user = (content: string) => ({ role: "user", content });
/** What JSON can carry: it has no -0. */
const jsonValue = fc.jsonValue().map((value) => JSON.parse(JSON.stringify(value)) as unknown);

const answer = (content: string) => [{ role: "assistant", content }];

/** A record with everything that products have a place for. */
const PRODUCT = {
  id: "i",
  context: "C",
  draft: "DRAFT",
  edited: "EDITED",
  policy: "p",
  user: "u",
  ts: "t",
  meta: { k: 1 },
};

describe("field names", () => {
  const openaiDpo = {
    input: { messages: CONTEXT },
    preferred_output: answer("EDITED"),
    non_preferred_output: answer("DRAFT"),
  };
  const sft = { messages: [...CONTEXT, ...answer("EDITED")] };
  const cases: [EditFormatName, EditRecord, unknown][] = [
    ["fpx", EDIT, EDIT],
    ["trl-preference", EDIT, { prompt: CONTEXT, chosen: answer("EDITED"), rejected: answer("DRAFT") }],
    [
      "trl-preference",
      PLAIN,
      { prompt: [user("Ask Ann.\n")], chosen: answer("EDITED"), rejected: answer("DRAFT") },
    ],
    ["trl-preference-standard", PLAIN, { prompt: "Ask Ann.\n", chosen: "EDITED", rejected: "DRAFT" }],
    ["trl-prompt-completion", EDIT, { prompt: CONTEXT, completion: answer("EDITED") }],
    ["trl-prompt-completion-standard", PLAIN, { prompt: "Ask Ann.\n", completion: "EDITED" }],
    ["trl-messages", EDIT, sft],
    ["trl-unpaired", EDIT, { prompt: CONTEXT, completion: answer("EDITED"), label: true }],
    ["trl-unpaired-standard", PLAIN, { prompt: "Ask Ann.\n", completion: "EDITED", label: true }],
    ["openai-dpo", EDIT, openaiDpo],
    ["azure-dpo", EDIT, openaiDpo],
    ["together-dpo", EDIT, openaiDpo],
    ["fireworks-dpo", EDIT, openaiDpo],
    ["openai-sft", EDIT, sft],
    ["azure-sft", EDIT, sft],
    ["together-sft", EDIT, sft],
    ["fireworks-sft", EDIT, sft],
    ["bedrock-sft", EDIT, { system: "Be brief.", messages: [user("Ask Ann."), ...answer("EDITED")] }],
    ["bedrock-sft", PLAIN, { messages: [user("Ask Ann.\n"), ...answer("EDITED")] }],
    [
      "sagemaker-dpo",
      EDIT,
      { chosen: [...CONTEXT, ...answer("EDITED")], rejected: [...CONTEXT, ...answer("DRAFT")] },
    ],
    [
      "langfuse",
      PRODUCT,
      {
        id: "i",
        type: "GENERATION",
        timestamp: "t",
        userId: "u",
        model: "p",
        input: "C",
        output: "DRAFT",
        metadata: { k: 1 },
        scores: [{ name: "output", dataType: "CORRECTION", value: 0, stringValue: "EDITED" }],
      },
    ],
    [
      "langsmith",
      PRODUCT,
      {
        run_id: "i",
        key: "user_edit",
        correction: { output: "EDITED" },
        created_at: "t",
        run: {
          id: "i",
          inputs: { input: "C" },
          outputs: { output: "DRAFT" },
          extra: { metadata: { k: 1, model: "p", user: "u" } },
        },
      },
    ],
    [
      "braintrust",
      PRODUCT,
      {
        id: "i",
        input: "C",
        output: "DRAFT",
        expected: "EDITED",
        created: "t",
        metadata: { k: 1, model: "p", user: "u" },
      },
    ],
  ];
  for (const [format, record, want] of cases) {
    it(`are exact in ${format}${record === PLAIN ? " for a plain context" : ""}`, () => {
      expect(first(record, format)).toEqual(want);
    });
  }

  it("has a case for every format", () => {
    expect(new Set(cases.map(([name]) => name))).toEqual(new Set(EDIT_FORMATS.map((format) => format.name)));
  });

  it("carries descriptions of tools to those who take them, and back", () => {
    const meta = { tools: [{ type: "function" }], parallel_tool_calls: false };
    const record = { ...EDIT, meta: { ...meta, genre: "g" } };
    expect(first(record, "openai-dpo")).toEqual({ ...openaiDpo, input: { messages: CONTEXT, ...meta } });
    expect(first(record, "together-dpo")).toEqual(openaiDpo);
    expect(importFormat("openai-dpo", lines([record], "openai-dpo")).records[0]!.meta).toEqual(meta);
  });
});

describe("round trip", () => {
  const text = fc.string({ unit: "binary", minLength: 1 }).filter((value) => value.trim() !== "");
  const odd = fc.constantFrom(
    "a\u2028b\u2029c\u0085d",
    "\ufeffé e\u0301",
    "\r\n\n\ttab\u0000\u001f",
    '"\\ </script>',
    "😀👩‍👩‍👧",
  );
  const content = fc.oneof(text, odd);
  const turns = fc
    .tuple(fc.option(content, { nil: undefined }), fc.array(content, { minLength: 1, maxLength: 3 }))
    .map(([system, contents]) => [
      ...(system === undefined ? [] : [{ role: "system", content: system }]),
      ...contents.flatMap((said, i) => (i === 0 ? [user(said)] : [...answer(said), user(said)])),
    ]);
  const record = (context: fc.Arbitrary<EditRecord["context"]>): fc.Arbitrary<EditRecord> =>
    fc.record(
      {
        id: content,
        context,
        draft: content,
        edited: content,
        policy: content,
        user: content,
        ts: content,
        meta: fc.dictionary(content, jsonValue, { minKeys: 1, maxKeys: 3 }),
      },
      { requiredKeys: ["context", "draft", "edited"] },
    );
  const changed = (context: fc.Arbitrary<EditRecord["context"]>) => record(context).filter(isEdited);

  for (const format of EDIT_FORMATS) {
    const contexts = format.name.endsWith("-standard") ? content : fc.oneof(content, turns);
    it(`${format.name} gives back every text to the byte, in lines of valid JSON`, () => {
      fc.assert(
        fc.property(fc.array(changed(contexts), { minLength: 10, maxLength: 12 }), (records) => {
          const written = lines(records, format.name);
          for (const line of written) {
            expect(line).not.toMatch(/[\n\r\u0085\u2028\u2029\v\f]/);
            expect(typeof JSON.parse(line)).toBe("object");
          }
          const read = importFormat(format.name, `${written.join("\n")}\n`);
          expect(read.rejects).toEqual([]);
          expect(read.problems).toEqual([]);
          if (format.kind === "log") {
            expect(read.records).toEqual(records);
            return;
          }
          const perRecord = format.kind === "unpaired" ? 2 : 1;
          expect(read.records).toHaveLength(perRecord * records.length);
          records.forEach((want, i) => {
            const got = read.records.slice(perRecord * i, perRecord * (i + 1));
            for (const part of got)
              expect(contextMessages(part.context!)).toEqual(contextMessages(want.context));
            expect(got.map((part) => part.edited).find((part) => part !== undefined)).toBe(want.edited);
            if (format.kind !== "supervised") {
              expect(got.map((part) => part.draft).find((part) => part !== undefined)).toBe(want.draft);
            }
          });
        }),
        { numRuns: 60 },
      );
    });
  }

  it("of the preference formats and the own log is read as an edit log, too", () => {
    for (const format of EDIT_FORMATS.filter(({ kind }) => kind === "preference" || kind === "log")) {
      const want = format.name.endsWith("-standard") ? PLAIN : EDIT;
      const log = parseEditLog(lines(many(want), format.name).join("\n"));
      expect(log.rejects).toEqual([]);
      expect(log.records).toHaveLength(12);
      expect(log.records[0]).toMatchObject({ context: want.context, draft: "DRAFT", edited: "EDITED" });
    }
  });
});

describe("corrections of other products", () => {
  it("give back the whole record", () => {
    for (const { name } of EDIT_FORMATS.filter(({ kind }) => kind === "corrections"))
      expect(importFormat(name, lines([PRODUCT], name)).records, name).toEqual([PRODUCT]);
  });

  it("are read in the shapes that their exports have", () => {
    const read = (format: EditFormatName, line: object) => importFormat(format, JSON.stringify(line));
    const messages = [{ role: "user", content: "C" }];
    expect(
      read("langfuse", {
        id: "o",
        input: { messages },
        output: { role: "assistant", content: "D" },
        scores: [{ dataType: "NUMERIC" }, { dataType: "CORRECTION", value: "E" }],
        latency: 3,
      }).records,
    ).toEqual([{ id: "o", context: messages, draft: "D", edited: "E" }]);
    expect(
      read("langsmith", {
        run_id: "r",
        correction: { answer: "E" },
        run: { inputs: { question: "C" }, outputs: { answer: "D" } },
      }).records,
    ).toEqual([{ id: "r", context: "C", draft: "D", edited: "E" }]);
    expect(read("braintrust", { input: messages, output: "D", expected: { text: "E" } }).records).toEqual([
      { context: messages, draft: "D", edited: "E" },
    ]);
    const codes = (format: EditFormatName, line: object) =>
      read(format, line).rejects.map(({ code }) => code);
    expect(codes("langfuse", { input: "C", output: "D", scores: [] })).toEqual(["no-correction"]);
    expect(codes("langsmith", { correction: null, run: {} })).toEqual(["no-correction"]);
    expect(codes("langsmith", { correction: "E" })).toEqual(["bad-line"]);
    expect(codes("braintrust", { input: "C", output: 3, expected: "E" })).toEqual(["bad-line"]);
  });
});

describe("traces of other products", () => {
  const [C, D] = [
    { role: "user", content: "C" },
    { role: "assistant", content: "D" },
  ];
  const choices = [{ index: 0, message: D, finish_reason: "stop", logprobs: null }];
  const serialised = (name: string, content: unknown) => ({
    ...{ lc: 1, type: "constructor", id: ["langchain_core", "messages", name] },
    kwargs: { content, additional_kwargs: {}, response_metadata: {} },
  });
  const plain = (type: string, content: unknown) => ({ content, additional_kwargs: {}, type, name: null });
  const generation = (message: object, text = "D") => ({
    generations: [[{ text, generation_info: { finish_reason: "stop" }, type: "ChatGeneration", message }]],
    ...{ llm_output: { model_name: "m" }, run: null, type: "LLMResult" },
  });
  const langfuse = (input: unknown, output: unknown) => ({
    ...{ input, output },
    scores: [{ dataType: "CORRECTION", value: 0, stringValue: "E" }],
  });
  const langsmith = (inputs: unknown, outputs: unknown, correction: unknown = { output: "E" }) => ({
    correction,
    run: { inputs, outputs },
  });
  const braintrust = (input: unknown, output: unknown) => ({ input, output, expected: "E" });

  const cases: [string, EditFormatName, object, Context][] = [
    ["the choices of OpenAI's client", "braintrust", braintrust([C], choices), [C]],
    [
      "a callback of LangChain",
      "braintrust",
      braintrust([[plain("human", "C")]], generation(plain("ai", "D"))),
      [C],
    ],
    ["a completion", "langfuse", langfuse({ messages: [C], model: "m" }, { id: "c", choices }), [C]],
    [
      "a completion and its parameters",
      "langsmith",
      langsmith({ messages: [C], model: "m" }, { choices }),
      [C],
    ],
    [
      "serialised messages of LangChain",
      "langsmith",
      langsmith(
        { messages: [[serialised("SystemMessage", "S"), serialised("HumanMessage", "C")]] },
        generation(serialised("AIMessageChunk", "D")),
      ),
      [{ role: "system", content: "S" }, C],
    ],
    [
      "an answer in parts, its text beside thinking",
      "langsmith",
      langsmith(
        { messages: [[{ type: "human", data: { content: "C" } }]] },
        generation(
          serialised("AIMessage", [
            { type: "thinking", thinking: "T" },
            { type: "text", text: "D" },
          ]),
          "",
        ),
      ),
      [C],
    ],
    [
      "the state of a graph",
      "langsmith",
      langsmith({ messages: [plain("human", "C")] }, { messages: [plain("human", "C"), plain("ai", "D")] }),
      [C],
    ],
    [
      "a question beside the conversation before it",
      "langsmith",
      langsmith({ chat_history: [plain("human", "A"), plain("ai", "B")], question: "C" }, { answer: "D" }),
      [{ role: "user", content: "A" }, { role: "assistant", content: "B" }, C],
    ],
    [
      "several fields",
      "langsmith",
      langsmith({ question: "C", tone: "short", words: 7 }, { answer: "D", sources: [] }, { desired: "E" }),
      "question: C\ntone: short\nwords: 7",
    ],
  ];
  it.each(cases)("are read: %s", (_, format, line, context) => {
    const { records, rejects } = importFormat(format, JSON.stringify(line));
    expect(rejects).toEqual([]);
    expect(records).toEqual([{ context, draft: "D", edited: "E" }]);
  });

  it("say which fields there are where none is known to be the text", () => {
    const [reject] = importFormat("braintrust", JSON.stringify(braintrust("C", { a: "D", b: "F" }))).rejects;
    expect(reject).toMatchObject({
      code: "bad-line",
      reason: 'the field "output" has the fields a, b, none of which is known to be the text; name it output',
    });
  });
});

describe("what is left out", () => {
  const accepted = { ...EDIT, edited: EDIT.draft };

  it("no unedited record stands in a preference file, and the report counts them", () => {
    const formOnly = { ...EDIT, draft: "cafe\u0301\r\n", edited: "café\n" };
    for (const { name } of EDIT_FORMATS.filter(({ kind }) => kind === "preference")) {
      const record = name.endsWith("-standard") ? PLAIN : EDIT;
      const records = [accepted, record, formOnly, record, record];
      const report = checkExport(records, name);
      expect(report).toMatchObject({
        written: 3,
        lines: 3,
        excluded: [{ code: "unedited", count: 2, records: [0, 2] }],
      });
      expect(lines(records, name)).toHaveLength(3);
      expect(() => lines([accepted, accepted], name)).toThrow(
        /at least \d lines; this one would have 0, 2 left out because the draft was not/,
      );
    }
  });

  it("supervised files take accepted drafts unless told otherwise", () => {
    expect(checkExport([accepted, EDIT], "trl-messages")).toMatchObject({ written: 2, excluded: [] });
    expect(checkExport([accepted, EDIT], "trl-messages", { includeAccepted: false })).toMatchObject({
      written: 1,
      excluded: [{ code: "accepted", count: 1 }],
    });
  });

  it("an accepted draft is one good line of an unpaired file, an edited one a good and a bad line", () => {
    const written = lines([accepted, EDIT], "trl-unpaired").map((line) => JSON.parse(line));
    expect(written.map(({ completion, label }) => [completion[0].content, label])).toEqual([
      ["DRAFT", true],
      ["EDITED", true],
      ["DRAFT", false],
    ]);
  });

  const cases: [string, EditRecord, EditFormatName, string][] = [
    ["half a surrogate pair", { ...EDIT, edited: "x\udc00" }, "openai-dpo", "lone-surrogate"],
    ["an empty draft", { ...EDIT, draft: " " }, "trl-preference", "empty-text"],
    ["no context", { ...EDIT, context: "" }, "trl-messages", "no-context"],
    ["a conversation for plain text", EDIT, "trl-preference-standard", "not-plain-text"],
    [
      "a tool message for Fireworks",
      { ...EDIT, context: [user("a"), { role: "tool", content: "b" }] },
      "fireworks-dpo",
      "role",
    ],
    [
      "a tool message for Bedrock",
      { ...EDIT, context: [user("a"), { role: "tool", content: "b" }] },
      "bedrock-sft",
      "role",
    ],
    [
      "two turns of the user for Bedrock",
      { ...EDIT, context: [user("a"), user("b")] },
      "bedrock-sft",
      "order",
    ],
    [
      "a conversation that begins with the assistant",
      { ...EDIT, context: [...answer("a"), user("b")] },
      "bedrock-sft",
      "order",
    ],
    [
      "a late system message for Bedrock",
      { ...EDIT, context: [user("a"), CONTEXT[0]!] },
      "bedrock-sft",
      "role",
    ],
    [
      "a name for Bedrock",
      { ...EDIT, context: [Object.assign(user("a"), { name: "bo" })] },
      "bedrock-sft",
      "extra-keys",
    ],
  ];
  for (const [what, record, format, code] of cases) {
    it(`${what} is left out and counted`, () => {
      const report = checkExport([record], format);
      expect(report).toMatchObject({ written: 0, excluded: [{ code, count: 1, records: [0] }] });
      expect(report.problems).toHaveLength(1);
    });
  }
});

describe("files as a whole", () => {
  it("refuses too few lines before it gives the first", () => {
    expect(() => lines(many(EDIT, 9), "openai-sft")).toThrow(
      expect.objectContaining({
        code: "EXPORT_RULE",
        message: "openai-sft takes files with at least 10 lines; this one would have 9",
      }),
    );
    expect(lines(many(EDIT, 10), "openai-sft")).toHaveLength(10);
    expect(() => lines(many(EDIT, 2), "fireworks-dpo")).toThrow("at least 3");
    expect(() => lines([], "fpx")).toThrow("at least 1 lines; this one would have 0");
    expect(editFormat("fireworks-sft").lines.maximum).toBe(3_000_000);
  });

  it("returns the report when the lines are through", () => {
    const generator = exportLines(many(EDIT, 2), "trl-messages");
    generator.next();
    generator.next();
    expect(generator.next()).toMatchObject({
      done: true,
      value: { written: 2, lines: 2, kind: "supervised" },
    });
  });

  it("warns where plain text would be joined without white space", () => {
    const glued = { ...PLAIN, context: "Ask Ann." };
    expect(checkExport([glued, PLAIN], "trl-preference-standard").warnings).toEqual([
      expect.stringMatching(/^in 1 records/),
    ]);
    expect(checkExport([glued], "trl-preference").warnings).toEqual([]);
  });

  it("names the formats it knows when it does not know one", () => {
    // @ts-expect-error: no format has this name.
    expect(() => lines([EDIT], "trl")).toThrow(/unknown format "trl"; use one of fpx, trl-preference/);
  });
});

describe("redaction", () => {
  it("passes every text of a person, and none of the program's words", () => {
    const record: EditRecord = {
      id: "ann-7",
      context: [{ role: "user", content: "ann", name: "ann" } as ChatMessage],
      draft: "ann!",
      edited: "Dear ann",
      policy: "ann-base",
      user: "ann",
      meta: { deep: [{ to: "ann" }], n: 1 },
    };
    const redact = (text: string) => text.replaceAll("ann", "***");
    expect(JSON.parse(lines([record], "fpx", { redact })[0]!)).toEqual({
      id: "***-7",
      context: [{ role: "user", content: "***", name: "***" }],
      draft: "***!",
      edited: "Dear ***",
      policy: "ann-base",
      user: "***",
      meta: { deep: [{ to: "***" }], n: 1 },
    });
  });

  it("leaves out a pair that is the same once redacted", () => {
    const record = { ...EDIT, draft: "Hi Bo", edited: "Hi Ann" };
    const redact = (text: string) => text.replace(/Bo|Ann/g, "X");
    expect(checkExport([record], "trl-preference", { redact }).excluded).toMatchObject([
      { code: "unedited" },
    ]);
  });

  it("refuses a hook that gives no text", () => {
    const redact = (() => undefined) as unknown as (text: string) => string;
    expect(() => checkExport([EDIT], "fpx", { redact })).toThrow("redact must return a text");
  });
});

describe("reading back", () => {
  const cases: [EditFormatName, unknown, string][] = [
    ["trl-preference", { prompt: CONTEXT, chosen: answer("a") }, "bad-line"],
    ["trl-preference", { prompt: CONTEXT, chosen: answer("a"), rejected: "b" }, "bad-line"],
    [
      "trl-preference",
      { prompt: CONTEXT, chosen: [...CONTEXT, ...answer("a")], rejected: answer("b") },
      "bad-line",
    ],
    ["trl-preference-standard", { prompt: "a", chosen: "b", rejected: 5 }, "bad-line"],
    ["trl-unpaired", { prompt: CONTEXT, completion: answer("a"), label: 1 }, "bad-line"],
    ["together-sft", { messages: [...CONTEXT, ...answer("a")], prompt: "also" }, "extra-keys"],
    [
      "together-dpo",
      {
        ...{ input: { messages: CONTEXT }, preferred_output: [...answer("a"), ...answer("b")] },
        non_preferred_output: answer("c"),
      },
      "bad-line",
    ],
    [
      "openai-dpo",
      { input: "text", preferred_output: answer("a"), non_preferred_output: answer("b") },
      "bad-line",
    ],
    ["fireworks-sft", { messages: [{ role: "developer", content: "x" }, ...answer("a")] }, "role"],
    ["openai-sft", { messages: CONTEXT }, "bad-line"],
    ["bedrock-sft", { messages: [...CONTEXT, ...answer("a")] }, "role"],
    ["bedrock-sft", { system: 5, messages: [user("a"), ...answer("b")] }, "bad-line"],
    [
      "sagemaker-dpo",
      { chosen: [user("a"), ...answer("b")], rejected: [user("c"), ...answer("b")] },
      "bad-line",
    ],
    ["fpx", { context: "c", draft: "d", edited: "e", meta: 5 }, "bad-line"],
    ["fpx", { context: 5, draft: "d", edited: "e" }, "bad-line"],
    ["fpx", [1], "bad-line"],
  ];
  for (const [format, line, code] of cases) {
    it(`${format} refuses ${JSON.stringify(line).slice(0, 60)}`, () => {
      const { records, rejects } = importFormat(format, [JSON.stringify(line)]);
      expect(records).toEqual([]);
      expect(rejects).toMatchObject([{ line: 1, code }]);
    });
  }

  it("numbers lines, skips blank ones, and tells what the whole file breaks", () => {
    const good = lines([PLAIN], "trl-preference-standard")[0]!;
    const read = importFormat("trl-preference-standard", `\ufeff${good}\r\n\n{oops\n${good}`);
    expect(read.records).toHaveLength(2);
    expect(read.rejects).toEqual([{ line: 3, code: "invalid-json", reason: "the line is not JSON" }]);
    expect(importFormat("openai-sft", lines(many(EDIT), "openai-sft").slice(0, 4)).problems).toEqual([
      "openai-sft takes files with at least 10 lines; this one would have 4",
    ]);
  });
});
