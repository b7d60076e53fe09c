/** LangChain: drafts of an agent's model calls recorded under an id that comes with the message. */

import type { ChatMessage } from "../edits/index.ts";
import type { DurableEditLog } from "./edit-log.ts";
import { Recorder, type RecordingOptions } from "./recorder.ts";

/** What is used of a message. */
export interface MessageLike {
  readonly content: unknown;
  readonly text?: unknown;
  response_metadata?: Record<string, unknown>;
  getType?(): string;
}

/** What is used of a request to a model. */
export interface ModelRequestLike {
  readonly model: unknown;
  readonly messages: readonly MessageLike[];
  readonly systemMessage?: MessageLike;
}

/** Options of `langchainEditLog`. */
export interface LangChainOptions extends RecordingOptions {
  /** Name of the policy. Default the model's name. */
  readonly policy?: string;
  /** For whom a call is, from the request, such as its `runtime.context`. */
  readonly user?: (request: unknown) => string | undefined;
}

/** What `createMiddleware` of `langchain` 1 takes. */
export interface LangChainMiddleware {
  readonly name: string;
  wrapModelCall<Q, A>(request: Q, handler: (request: Q) => A | Promise<A>): Promise<A>;
}

/**
 * The middleware for an agent, to be given to `createMiddleware` of `langchain`. The message of the model carries the id
 * for `generationId`; a message that only calls tools is no draft.
 *
 * @example
 * const agent = createAgent({ model, tools: [], middleware: [createMiddleware(langchainEditLog(log))] });
 * const { messages } = await agent.invoke({ messages: [{ role: "user", content: "Ask Ann for the report." }] });
 * await log.edited(generationId(messages.at(-1))!, "what the user left");
 */
export function langchainEditLog(log: DurableEditLog, options: LangChainOptions = {}): LangChainMiddleware {
  const recorder = new Recorder(log, options);
  return {
    name: "FpxEditLog",
    async wrapModelCall(request, handler) {
      const answer = await handler(request);
      const message = answer as MessageLike;
      const draft = textOf(message);
      // Structured answers and commands are no messages.
      if (draft === undefined) return answer;
      const id = await recorder.record(() => {
        const asked = request as ModelRequestLike;
        const user = options.user?.(request);
        const system = asked.systemMessage === undefined ? undefined : textOf(asked.systemMessage);
        return {
          context: [
            ...(system ? [{ role: "system", content: system }] : []),
            ...asked.messages.map(chatMessage),
          ],
          draft,
          policy: options.policy ?? nameOf(asked.model),
          ...(user === undefined ? {} : { user }),
          ...reasonOf(message),
        };
      });
      if (id !== undefined)
        message.response_metadata = { ...message.response_metadata, fpx: { generationId: id } };
      return answer;
    },
  };
}

const ROLES: Readonly<Record<string, string>> = { human: "user", ai: "assistant" };

function chatMessage(message: MessageLike): ChatMessage {
  const type = message.getType?.() ?? "user";
  return { role: ROLES[type] ?? type, content: textOf(message) ?? JSON.stringify(message.content) };
}

function textOf(message: MessageLike): string | undefined {
  if (typeof message?.content === "string") return message.content;
  return Array.isArray(message?.content) && typeof message.text === "string" ? message.text : undefined;
}

function nameOf(model: unknown): string {
  const { model: name, modelName, _llmType } = (model ?? {}) as Record<string, unknown>;
  for (const given of [name, modelName]) if (typeof given === "string") return given;
  return typeof _llmType === "function" ? String(_llmType.call(model)) : "unknown";
}

function reasonOf({ response_metadata: metadata = {} }: MessageLike): { meta?: Record<string, unknown> } {
  // OpenAI's name, Google's, Anthropic's; the latter is "max_tokens" where a draft was cut off.
  const reason = metadata["finish_reason"] ?? metadata["finishReason"] ?? metadata["stop_reason"];
  return typeof reason === "string" ? { meta: { finishReason: reason } } : {};
}
