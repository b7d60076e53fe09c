import { describe, expect, it } from "vitest";
import { FIELD_ALIASES, parseFieldMap } from "./fields.ts";
import { parseEditLog, type RejectCode, readEditLog, requireRecords } from "./reader.ts";

const line = (value: unknown): string => JSON.stringify(value);
const CHAT = [
  { role: "system", content: "Be brief." },
  { role: "user", content: "Ask Ann." },
];

function only(value: unknown, options = {}) {
  const log = parseEditLog(line(value), options);
  expect(log.rejects).toEqual([]);
  expect(log.records).toHaveLength(1);
  return log.records[0]!;
}

function reject(value: unknown, options = {}): { code: RejectCode; reason: string } {
  const log = parseEditLog(typeof value === "string" ? value : line(value), options);
  expect(log.records).toEqual([]);
  expect(log.rejects).toHaveLength(1);
  return log.rejects[0]!;
}

describe("fields", () => {
  it("reads its own format and keeps every byte and every other field", () => {
    const own = {
      id: "7",
      context: CHAT,
      draft: " Hi\r\n cafe\u0301 ",
      edited: "Hi\u2028",
      policy: "base@3",
      user: "u1",
      ts: "2025-01-31T12:00:00Z",
      meta: { genre: "mail", deep: { a: [1] } },
    };
    expect(only(own)).toEqual(own);
  });

  it("reads response and edit as draft and edited text, model as policy, and the rest as meta", () => {
    expect(only({ user: "W3", model: "m", genre: "g", context: "c", response: "r", edit: "e" })).toEqual({
      context: "c",
      draft: "r",
      edited: "e",
      policy: "m",
      user: "W3",
      meta: { genre: "g" },
    });
  });

  it("knows every documented name in any case and spelling", () => {
    for (const draft of FIELD_ALIASES.draft)
      for (const edited of FIELD_ALIASES.edited)
        for (const context of FIELD_ALIASES.context) {
          const record = only({
            [context.toUpperCase()]: "c",
            [draft.replaceAll("_", "-")]: "d",
            [edited]: "e",
          });
          expect(record).toEqual({ context: "c", draft: "d", edited: "e" });
        }
    for (const role of ["id", "policy", "user", "ts"] as const)
      for (const alias of FIELD_ALIASES[role])
        expect(only({ context: "c", draft: "d", edited: "e", [alias]: 5 })).toMatchObject({ [role]: "5" });
  });

  it("stops at a line where two fields could be the same thing, and says how to go on", () => {
    const ambiguous = { prompt: "c", response: "a", output: "b", edit: "e" };
    expect(() => parseEditLog(line(ambiguous))).toThrow(
      expect.objectContaining({
        code: "AMBIGUOUS_FIELDS",
        message: expect.stringMatching(/line 1: .*"response" and "output".*--map draft=response/),
      }),
    );
    expect(only(ambiguous, { map: { draft: "output" } })).toEqual({
      context: "c",
      draft: "b",
      edited: "e",
      meta: { response: "a" },
    });
    expect(only({ ...ambiguous, output: null }).draft).toBe("a");
  });

  it("follows a map, nested and literal", () => {
    const value = { q: { text: "c" }, choices: [{ message: { content: "d" } }], "a.b": "e", who: "u" };
    const map = parseFieldMap("context=q.text, draft=choices.0.message.content,edited=a.b,user=who");
    expect(only(value, { map })).toMatchObject({ context: "c", draft: "d", edited: "e", user: "u" });
    expect(reject({ context: "c", draft: "d", edited: "e" }, { map: { draft: "text.old" } })).toEqual({
      line: 1,
      code: "missing-draft",
      reason: 'the draft is missing: no field "text.old"',
    });
  });

  it("refuses maps that make no sense", () => {
    expect(() => parseFieldMap("draft")).toThrow("write role=field");
    expect(() => parseFieldMap("draft=a=b")).toThrow("write role=field");
    expect(() => parseFieldMap("drafts=a")).toThrow('names "drafts"');
    expect(() => parseFieldMap("draft=a,draft=b")).toThrow("twice");
  });

  it("says by role which fields it read", () => {
    const log = parseEditLog(
      [
        { prompt: "c", draft: "d", edit: "e" },
        { context: "c", draft: "d2", final: "e" },
      ]
        .map(line)
        .join("\n"),
    );
    expect(log.fields).toEqual({
      context: ["prompt", "context"],
      draft: ["draft"],
      edited: ["edit", "final"],
    });
  });
});

describe("contexts and answers", () => {
  it("reads chat messages with text parts and tool calls, and keeps their further keys", () => {
    const context = [
      {
        role: "user",
        content: [
          { type: "text", text: "Ask " },
          { type: "text", text: "Ann." },
        ],
        name: "bo",
      },
      { role: "assistant", content: null, tool_calls: [{ id: 1 }] },
      { role: "tool", content: "ok", tool_call_id: 1 },
    ];
    expect(only({ context, draft: "d", edited: "e" }).context).toEqual([
      { role: "user", content: "Ask Ann.", name: "bo" },
      { role: "assistant", content: "", tool_calls: [{ id: 1 }] },
      { role: "tool", content: "ok", tool_call_id: 1 },
    ]);
  });

  it("puts a system text before the context", () => {
    expect(only({ system: "Be brief.", prompt: "Ask Ann.", draft: "d", edited: "e" })).toEqual({
      context: CHAT,
      draft: "d",
      edited: "e",
    });
  });

  it("takes the last message of the assistant as the draft where there is no other", () => {
    const messages = [...CHAT, { role: "assistant", content: "d" }];
    expect(only({ messages, edited: "e" })).toEqual({ context: CHAT, draft: "d", edited: "e" });
  });

  it("reads the preference formats of others", () => {
    const answer = (content: string) => [{ role: "assistant", content }];
    const want = { context: CHAT, draft: "d", edited: "e" };
    expect(only({ prompt: CHAT, chosen: answer("e"), rejected: answer("d") })).toEqual(want);
    expect(only({ chosen: [...CHAT, ...answer("e")], rejected: [...CHAT, ...answer("d")] })).toEqual(want);
    expect(only({ prompt: "c", chosen: "e", rejected: "d" })).toEqual({
      context: "c",
      draft: "d",
      edited: "e",
    });
    expect(
      only({
        input: { messages: CHAT, tools: [] },
        preferred_output: answer("e"),
        non_preferred_output: answer("d"),
      }),
    ).toEqual({ ...want, meta: { tools: [] } });
  });

  it("takes an absent context only when told to", () => {
    expect(reject({ draft: "d", edited: "e" }).code).toBe("missing-context");
    expect(reject({ context: "", draft: "d", edited: "e" })).toMatchObject({
      reason: "the context is empty",
    });
    expect(only({ draft: "d", edited: "e" }, { requireContext: false }).context).toBe("");
  });
});

describe("rejects", () => {
  const good = { context: "c", draft: "d", edited: "e" };
  const cases: [string, unknown, RejectCode, RegExp][] = [
    ["no JSON, without a word of it", '{"edited": Zq', "invalid-json", /^((?!Zq).)*$/],
    ["no JSON", "{oops", "invalid-json", /not JSON .*one whole JSON object a line/],
    ["a list", [good], "not-an-object", /no object/],
    ["no draft", { context: "c", edited: "e" }, "missing-draft", /draft is missing.*--map draft=FIELD/],
    [
      "no edited text",
      { context: "c", draft: "d" },
      "missing-edited",
      /edited text is missing.*--map edited=FIELD/,
    ],
    ["a null draft", { ...good, draft: null }, "missing-draft", /missing/],
    ["a numeric draft", { ...good, draft: 5 }, "bad-draft", /a number, not text/],
    ["an edited text that is an object", { ...good, edited: { text: "e" } }, "bad-edited", /no|not/],
    [
      "an edited text of the user",
      { ...good, edited: [{ role: "user", content: "e" }] },
      "bad-edited",
      /assistant/,
    ],
    ["a numeric context", { ...good, context: 5 }, "bad-context", /a number, not a text/],
    ["messages without role", { ...good, context: [{ content: "c" }] }, "bad-context", /message 1/],
    [
      "messages with images",
      { ...good, context: [{ role: "user", content: [{ type: "image" }] }] },
      "bad-context",
      /not text/,
    ],
    ["an empty draft", { ...good, draft: " \n" }, "empty-draft", /divided by its length/],
    ["an empty edited text", { ...good, edited: "" }, "empty-edited", /empty/],
    ["an object as user", { ...good, user: {} }, "bad-field", /the user is neither/],
    ["half a surrogate pair", { ...good, edited: "a\ud800" }, "lone-surrogate", /surrogate/],
    [
      "two different conversations",
      {
        chosen: [CHAT[1], { role: "assistant", content: "e" }],
        rejected: [CHAT[0], { role: "assistant", content: "d" }],
      },
      "bad-context",
      /differ/,
    ],
  ];
  for (const [what, value, code, reason] of cases) {
    it(`rejects ${what}`, () => {
      const found = reject(value);
      expect(found.code).toBe(code);
      expect(found.reason).toMatch(reason);
    });
  }

  it("takes an empty draft when the cost is divided by something else", () => {
    expect(only({ ...good, draft: "" }, { normalize: "max" }).draft).toBe("");
  });

  it("accounts for every line, by number", () => {
    const text = `${line(good)}\r\n\r\n{"half": \r\n${line({ ...good, edited: "f" })}\n\n${line({ context: "c" })}`;
    const log = parseEditLog(text);
    expect(log.records.map((record) => record.edited)).toEqual(["e", "f"]);
    expect(log.lines).toEqual([1, 4]);
    expect(log.rejects.map(({ line, code }) => [line, code])).toEqual([
      [3, "invalid-json"],
      [6, "missing-draft"],
    ]);
    expect(log.blankLines).toBe(2);
  });

  it("says why a log holds nothing", () => {
    expect(() => requireRecords(parseEditLog(""), "a.jsonl")).toThrow("a.jsonl holds no edit: it is empty");
    expect(() => requireRecords(parseEditLog("x\ny"), "a.jsonl")).toThrow(
      /all 2 lines were rejected, the first \(line 1\)/,
    );
    const log = parseEditLog(line(good));
    expect(requireRecords(log, "a.jsonl")).toBe(log);
  });
});

describe("warnings", () => {
  it("counts repeated records, but not another user's or another edit", () => {
    const base = { context: "c", draft: "d", edited: "e", user: "u" };
    const chat = { ...base, context: [{ role: "user", content: "c" }] };
    const log = parseEditLog(
      [base, { ...base, user: "v" }, chat, { ...base, edited: "f" }, base].map(line).join("\n"),
    );
    expect(log.records).toHaveLength(5);
    expect(log.warnings).toEqual([
      {
        code: "duplicate",
        count: 2,
        lines: [3, 5],
        message: "lines that repeat the context, draft, edited text and user of an earlier line: 2",
      },
    ]);
  });

  it("tells drafts that were cut off, and drops them only when asked", () => {
    const running = "We would be glad to see you at our office on the second of";
    const drafts = [
      { draft: running },
      { draft: `${running} May.` },
      { draft: "Dear Bo,\nsee you there.\nBest wishes\nAnn" },
      { draft: "Done.", finish_reason: "length" },
      { draft: running, finish_reason: "stop" },
    ];
    const text = drafts
      .map((draft, index) => line({ context: "c", edited: "e", user: index, ...draft }))
      .join("\n");
    const log = parseEditLog(text);
    expect(log.records).toHaveLength(5);
    expect(log.warnings).toMatchObject([{ code: "truncated-draft", count: 2, lines: [1, 4] }]);
    const strict = parseEditLog(text, { truncated: "reject" });
    expect(strict.records).toHaveLength(3);
    expect(strict.rejects.map(({ code }) => code)).toEqual(["truncated-draft", "truncated-draft"]);
  });
});

describe("streams", () => {
  const records = [
    { context: "c", draft: "Grüße 😀", edited: "e" },
    { context: "c2", draft: "d2", edited: "x".repeat(300_000) },
  ];
  const bytes = new TextEncoder().encode(`\ufeff${records.map(line).join("\r\n")}\n`);

  for (const size of [1, 7, 4096, 1_000_000]) {
    it(`gives the same from pieces of ${size} bytes`, async () => {
      async function* pieces() {
        for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
      }
      const log = await readEditLog(pieces());
      expect(log.records).toEqual(records);
      expect(log.rejects).toEqual([]);
    });
  }

  it("reads pieces of text and whole texts", async () => {
    const text = new TextDecoder("utf-8", { ignoreBOM: true }).decode(bytes);
    expect((await readEditLog(text)).records).toEqual(records);
    expect((await readEditLog([text.slice(0, 30), text.slice(30, 31), text.slice(31)])).records).toEqual(
      records,
    );
  });

  it("does not keep a piece's memory, which its sender may use again", async () => {
    const shared = new Uint8Array(16);
    async function* reused() {
      for (let at = 0; at < bytes.length; at += 16) {
        const part = bytes.subarray(at, at + 16);
        shared.set(part);
        yield shared.subarray(0, part.length);
      }
    }
    expect((await readEditLog(reused())).records).toEqual(records);
  });

  it("rejects a line that is not UTF-8 and reads on; refuses UTF-16", async () => {
    const broken = [Uint8Array.of(0x7b, 0xff, 0x0a), new TextEncoder().encode(line(records[0]))];
    const log = await readEditLog(broken);
    expect(log.rejects).toEqual([{ line: 1, code: "invalid-utf8", reason: "the line is not valid UTF-8" }]);
    expect(log.records).toHaveLength(1);
    await expect(readEditLog([Uint8Array.of(0xff, 0xfe, 0x7b, 0)])).rejects.toMatchObject({
      code: "NOT_UTF8",
    });
  });
});
