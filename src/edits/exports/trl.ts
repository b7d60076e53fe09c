/** The dataset formats of TRL (Hugging Face): conversational, and standard, where prompt and answer are plain text. */

import { isEdited } from "../record.ts";
import { ANY_COUNT, type EditFormat, RuleBroken } from "./format.ts";
import {
  answerField,
  assistant,
  checkKeys,
  conversationField,
  messagesField,
  promptMessages,
  promptText,
  textField,
} from "./shapes.ts";

export const trlPreference: EditFormat = {
  name: "trl-preference",
  title: "TRL preference (DPO), conversational",
  kind: "preference",
  lines: ANY_COUNT,
  write: (record) => [
    {
      prompt: promptMessages(record),
      chosen: [assistant(record.edited)],
      rejected: [assistant(record.draft)],
    },
  ],
  read(line) {
    checkKeys(line, ["prompt", "chosen", "rejected"]);
    return {
      context: messagesField(line, "prompt"),
      draft: answerField(line, "rejected"),
      edited: answerField(line, "chosen"),
    };
  },
};

export const trlPreferenceStandard: EditFormat = {
  name: "trl-preference-standard",
  title: "TRL preference (DPO), plain text",
  kind: "preference",
  lines: ANY_COUNT,
  write: (record) => [{ prompt: promptText(record), chosen: record.edited, rejected: record.draft }],
  read(line) {
    checkKeys(line, ["prompt", "chosen", "rejected"]);
    return {
      context: textField(line, "prompt"),
      draft: textField(line, "rejected"),
      edited: textField(line, "chosen"),
    };
  },
};

export const trlPromptCompletion: EditFormat = {
  name: "trl-prompt-completion",
  title: "TRL prompt-completion (SFT), conversational",
  kind: "supervised",
  lines: ANY_COUNT,
  write: (record) => [{ prompt: promptMessages(record), completion: [assistant(record.edited)] }],
  read(line) {
    checkKeys(line, ["prompt", "completion"]);
    return { context: messagesField(line, "prompt"), edited: answerField(line, "completion") };
  },
};

export const trlPromptCompletionStandard: EditFormat = {
  name: "trl-prompt-completion-standard",
  title: "TRL prompt-completion (SFT), plain text",
  kind: "supervised",
  lines: ANY_COUNT,
  write: (record) => [{ prompt: promptText(record), completion: record.edited }],
  read(line) {
    checkKeys(line, ["prompt", "completion"]);
    return { context: textField(line, "prompt"), edited: textField(line, "completion") };
  },
};

export const trlMessages: EditFormat = {
  name: "trl-messages",
  title: "TRL language modelling (SFT), conversational",
  kind: "supervised",
  lines: ANY_COUNT,
  write: (record) => [{ messages: [...promptMessages(record), assistant(record.edited)] }],
  read(line) {
    checkKeys(line, ["messages"]);
    const { context, answer } = conversationField(line, "messages");
    return { context, edited: answer };
  },
};

/** An accepted draft is one good line; an edited one is a good line (the edited text) and a bad one (the draft). */
export const trlUnpaired: EditFormat = {
  name: "trl-unpaired",
  title: "TRL unpaired preference (KTO), conversational",
  kind: "unpaired",
  lines: ANY_COUNT,
  write(record) {
    const prompt = promptMessages(record);
    return judged(record).map(({ text, label }) => ({ prompt, completion: [assistant(text)], label }));
  },
  read(line) {
    checkKeys(line, ["prompt", "completion", "label"]);
    return { context: messagesField(line, "prompt"), ...byLabel(line, answerField(line, "completion")) };
  },
};

export const trlUnpairedStandard: EditFormat = {
  name: "trl-unpaired-standard",
  title: "TRL unpaired preference (KTO), plain text",
  kind: "unpaired",
  lines: ANY_COUNT,
  write(record) {
    const prompt = promptText(record);
    return judged(record).map(({ text, label }) => ({ prompt, completion: text, label }));
  },
  read(line) {
    checkKeys(line, ["prompt", "completion", "label"]);
    return { context: textField(line, "prompt"), ...byLabel(line, textField(line, "completion")) };
  },
};

function judged(record: {
  readonly draft: string;
  readonly edited: string;
}): { text: string; label: boolean }[] {
  const good = { text: record.edited, label: true };
  return isEdited(record) ? [good, { text: record.draft, label: false }] : [good];
}

function byLabel(
  line: Readonly<Record<string, unknown>>,
  text: string,
): { edited: string } | { draft: string } {
  if (typeof line["label"] !== "boolean")
    throw new RuleBroken("bad-line", 'the field "label" is not true or false');
  return line["label"] ? { edited: text } : { draft: text };
}
