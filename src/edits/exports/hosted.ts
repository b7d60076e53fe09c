/** The formats of hosted fine-tuning: OpenAI, Azure, Together, Fireworks, SageMaker, Claude on Bedrock. */

import { sameMessages } from "../messages.ts";
import type { ChatMessage } from "../record.ts";
import { ANY_COUNT, type CarriedRecord, type EditFormat, RuleBroken } from "./format.ts";
import {
  answerField,
  assistant,
  checkKeys,
  checkRoles,
  conversationField,
  messagesField,
  promptMessages,
} from "./shapes.ts";

type Line = Readonly<Record<string, unknown>>;

/** What distinguishes the hosts that share OpenAI's field names. */
interface Host {
  readonly name: "openai" | "azure" | "together" | "fireworks";
  readonly title: string;
  readonly roles: readonly string[];
  readonly dpoLines?: EditFormat["lines"];
  readonly sftLines?: EditFormat["lines"];
  /** Whether the input of a pair may describe tools (`tools`, `parallel_tool_calls`). */
  readonly tools?: boolean;
}

const CHAT_ROLES = ["system", "user", "assistant"];
const TOOL_ROLES = [...CHAT_ROLES, "developer", "tool", "function"];
const TOOL_FIELDS = ["tools", "parallel_tool_calls"];
const FIREWORKS_LINES = { minimum: 3, maximum: 3_000_000 };

function dpo(host: Host): EditFormat {
  const extra = host.tools ? TOOL_FIELDS : [];
  return {
    name: `${host.name}-dpo`,
    title: `${host.title} preference (DPO)`,
    kind: "preference",
    lines: host.dpoLines ?? ANY_COUNT,
    write: (record) => [
      {
        input: { messages: promptMessages(record, host.roles), ...pick(record.meta ?? {}, extra) },
        preferred_output: [assistant(record.edited)],
        non_preferred_output: [assistant(record.draft)],
      },
    ],
    read(line) {
      checkKeys(line, ["input", "preferred_output", "non_preferred_output"]);
      const { input } = line;
      if (typeof input !== "object" || input === null)
        throw new RuleBroken("bad-line", 'the field "input" is not an object');
      checkKeys(input as Line, ["messages"], extra);
      const meta = pick(input as Line, extra);
      return {
        context: messagesField(input as Line, "messages", host.roles),
        draft: answerField(line, "non_preferred_output"),
        edited: answerField(line, "preferred_output"),
        ...(Object.keys(meta).length > 0 ? { meta } : {}),
      };
    },
  };
}

function sft(host: Host): EditFormat {
  return {
    name: `${host.name}-sft`,
    title: `${host.title} supervised (SFT)`,
    kind: "supervised",
    lines: host.sftLines ?? ANY_COUNT,
    write: (record) => [{ messages: [...promptMessages(record, host.roles), assistant(record.edited)] }],
    read(line) {
      checkKeys(line, ["messages"]);
      const { context, answer } = conversationField(line, "messages", host.roles);
      return { context, edited: answer };
    },
  };
}

function pick(source: Line, keys: readonly string[]): Record<string, unknown> {
  return Object.fromEntries(
    keys.filter((key) => Object.hasOwn(source, key)).map((key) => [key, source[key]]),
  );
}

const OPENAI: Host = {
  name: "openai",
  title: "OpenAI",
  roles: TOOL_ROLES,
  tools: true,
  sftLines: { minimum: 10, maximum: Number.POSITIVE_INFINITY },
};
const AZURE: Host = { name: "azure", title: "Azure OpenAI", roles: TOOL_ROLES, tools: true };
const TOGETHER: Host = { name: "together", title: "Together", roles: TOOL_ROLES };
const FIREWORKS: Host = {
  name: "fireworks",
  title: "Fireworks",
  roles: CHAT_ROLES,
  dpoLines: FIREWORKS_LINES,
  sftLines: FIREWORKS_LINES,
};

export const openaiDpo: EditFormat = dpo(OPENAI);
export const openaiSft: EditFormat = sft(OPENAI);
export const azureDpo: EditFormat = dpo(AZURE);
export const azureSft: EditFormat = sft(AZURE);
export const togetherDpo: EditFormat = dpo(TOGETHER);
export const togetherSft: EditFormat = sft(TOGETHER);
export const fireworksDpo: EditFormat = dpo(FIREWORKS);
export const fireworksSft: EditFormat = sft(FIREWORKS);

/** Whole conversations whose part before the answer is the same. */
export const sagemakerDpo: EditFormat = {
  name: "sagemaker-dpo",
  title: "SageMaker preference (DPO)",
  kind: "preference",
  lines: ANY_COUNT,
  write(record) {
    const prompt = promptMessages(record);
    return [
      { chosen: [...prompt, assistant(record.edited)], rejected: [...prompt, assistant(record.draft)] },
    ];
  },
  read(line) {
    checkKeys(line, ["chosen", "rejected"]);
    const chosen = conversationField(line, "chosen");
    const rejected = conversationField(line, "rejected");
    if (!sameMessages(chosen.context, rejected.context)) {
      throw new RuleBroken("bad-line", "the conversations before the chosen and the rejected answer differ");
    }
    return { context: chosen.context, draft: rejected.answer, edited: chosen.answer };
  },
};

/** System text apart; user and assistant in turn, beginning with the user; nothing but role and content. */
export const bedrockSft: EditFormat = {
  name: "bedrock-sft",
  title: "Claude on Amazon Bedrock, supervised (SFT)",
  kind: "supervised",
  lines: ANY_COUNT,
  write(record) {
    const prompt = promptMessages(record);
    const system = prompt[0]!.role === "system" ? prompt[0]! : undefined;
    const messages = [...(system ? prompt.slice(1) : prompt), assistant(record.edited)];
    for (const message of prompt) checkMessageKeys(message);
    checkTurns(messages);
    return [{ ...(system ? { system: system.content } : {}), messages }];
  },
  read(line): CarriedRecord {
    checkKeys(line, ["messages"], ["system"]);
    const { context, answer } = conversationField(line, "messages");
    for (const message of context) checkMessageKeys(message);
    checkTurns([...context, assistant(answer)]);
    if (line["system"] === undefined) return { context, edited: answer };
    if (typeof line["system"] !== "string")
      throw new RuleBroken("bad-line", 'the field "system" is not text');
    return { context: [{ role: "system", content: line["system"] }, ...context], edited: answer };
  },
};

function checkMessageKeys(message: ChatMessage): void {
  const extra = Object.keys(message).find((key) => key !== "role" && key !== "content");
  if (extra !== undefined)
    throw new RuleBroken("extra-keys", `a message has the key "${extra}"; allowed are role and content`);
}

function checkTurns(messages: readonly ChatMessage[]): void {
  checkRoles(messages, ["user", "assistant"]);
  const wrong = messages.findIndex((message, i) => message.role !== (i % 2 === 0 ? "user" : "assistant"));
  if (wrong >= 0 || messages.length < 2) {
    throw new RuleBroken(
      "order",
      "messages must begin with the user and alternate between user and assistant",
    );
  }
}
