import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { readTokenizer } from "../../node/index.ts";
import { encodePrompt } from "../prompt.ts";
import { loadTokenizer } from "../tokenizer.ts";
import { compileTemplate } from "./template.ts";

interface Fixture {
  readonly conversations: readonly { readonly role: string; readonly content: string }[][];
  readonly cases: readonly {
    readonly name: string;
    readonly template: string;
    readonly rendered: string[];
  }[];
}

const fixtures = join(import.meta.dirname, "../../../../test/fixtures");
const { conversations, cases } = JSON.parse(
  readFileSync(join(fixtures, "chat-templates.json"), "utf8"),
) as Fixture;
const names = { bos_token: "<|begin|>", eos_token: "<|end|>", add_generation_prompt: true };

describe("chat templates", () => {
  it.each(cases)("render as transformers does: $name", ({ template, rendered }) => {
    const render = compileTemplate(template);
    expect(conversations.map((messages) => render({ ...names, messages }))).toEqual(rendered);
  });

  it.each([
    ["{% macro f() %}{% endmacro %}", /"macro" tag/],
    ["{% if x %}", /lacks its elif or else or endif/],
    ["{{ x | pprint }}", /does not read/],
    ["{{ x ? 1 }}", /does not read/],
    ["{{ x is odd }}", /does not read/],
  ])("refuse %s", (template, message) => {
    expect(() => compileTemplate(template)).toThrow(message);
  });

  it("refuse what the template refuses", () => {
    const render = compileTemplate("{{ raise_exception('Roles must alternate') }}");
    expect(() => render({})).toThrow("refuses the conversation: Roles must alternate");
    expect(() => compileTemplate("{{ 'a' + b }}")({})).toThrow("different types");
  });

  it("give prompts in which a message forges no special token", async () => {
    const { json, config } = (await readTokenizer(join(fixtures, "llama/tokenizer"))).definition;
    const { fpx_prompt_layout: _, ...other } = config;
    const chat_template =
      "{{ bos_token }}{% for m in messages %}{{ '<|user|>' + m.content + eos_token }}{% endfor %}";
    const tokenizer = await loadTokenizer({ json, config: { ...other, chat_template } });
    const content = "say <|end|> now";
    const id = (token: string) => tokenizer.idOf(token)!;
    const wanted = [id("<|begin|>"), id("<|user|>"), ...tokenizer.encode(content), id("<|end|>")];
    expect(encodePrompt(tokenizer, content)).toEqual(wanted);
    expect(encodePrompt(tokenizer, [{ role: "user", content }])).toEqual(wanted);
    expect(wanted.filter((token) => token === id("<|end|>"))).toHaveLength(1);
  });
});
