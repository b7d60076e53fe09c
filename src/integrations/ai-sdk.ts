/**
 * The AI SDK's models: drafts of `generateText` and `streamText` recorded under an id that reaches the caller. The shapes
 * are those of specification v3, as far as they are used here; `ai` itself is not imported.
 */

import type { ChatMessage } from "../edits/index.ts";
import type { DurableEditLog } from "./edit-log.ts";
import { Recorder, type RecordingOptions } from "./recorder.ts";

/** What a model is asked; `providerOptions: { fpx: { user: "u1" } }` of a call says for whom. */
export interface ModelCall {
  readonly prompt: readonly { readonly role: string; readonly content: unknown }[];
  readonly providerOptions?: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
  readonly abortSignal?: AbortSignal;
}

/** What a model answers. */
export interface ModelAnswer {
  readonly content: readonly { readonly type: string }[];
  readonly finishReason?: unknown;
  readonly providerMetadata?: object;
}

/** What a model answers piece by piece. */
export interface ModelStream {
  readonly stream: ReadableStream<{ readonly type: string }>;
}

/** A model, such as the AI SDK's providers give. */
export interface ModelLike {
  readonly provider: string;
  readonly modelId: string;
}

/** Options of `editLogMiddleware`. */
export interface MiddlewareOptions extends RecordingOptions {
  /** Name of the policy that writes. Default provider and model, as in `openai.chat/gpt-4o`. */
  readonly policy?: string;
  /** For whom the draft is, where the call's `providerOptions.fpx.user` does not say. */
  readonly user?: string;
  /** Further things to keep with each draft. */
  readonly meta?: Readonly<Record<string, unknown>>;
}

/**
 * Middleware for `wrapLanguageModel`, of `ai` 6 and later. A draft is on the disk before its id is handed out, in
 * `providerMetadata.fpx.generationId` of the result; a draft that is not there in time has no id, and the call goes on.
 * What a model says while it calls tools is no draft: of a loop of tools the last answer is recorded.
 *
 * @example
 * const model = wrapLanguageModel({ model: provider("my-model"), middleware: editLogMiddleware(log) });
 * const result = await generateText({ model, prompt, providerOptions: { fpx: { user: "u1" } } });
 * const id = generationId(result);
 */
export function editLogMiddleware(log: DurableEditLog, options: MiddlewareOptions = {}): EditLogMiddleware {
  const recorder = new Recorder(log, options);
  const { user, meta } = options;
  const about = (params: ModelCall, model: ModelLike | undefined) => ({
    policy: options.policy ?? (model === undefined ? "unknown" : `${model.provider}/${model.modelId}`),
    ...userOf(params, user),
    ...(meta === undefined ? {} : { meta }),
  });
  return {
    specificationVersion: "v3",
    async wrapGenerate({ doGenerate, params, model }) {
      const answer = await doGenerate();
      return withId(answer, await recorder.record(() => generationOf(params, answer, about(params, model))));
    },
    async wrapStream({ doStream, params, model }) {
      const answer = await doStream();
      const stream = recordedStream(answer.stream, {
        finish: (whole) => recorder.record(() => generationOf(params, whole, about(params, model))),
      });
      return { ...answer, stream } as typeof answer;
    },
  };
}

/** The middleware's shape; `wrapLanguageModel` of `ai` 6 and 7 takes it. */
export interface EditLogMiddleware {
  readonly specificationVersion: "v3";
  wrapGenerate<A extends ModelAnswer>(options: {
    readonly doGenerate: () => PromiseLike<A>;
    readonly params: ModelCall;
    readonly model?: ModelLike;
  }): Promise<A>;
  wrapStream<A extends ModelStream>(options: {
    readonly doStream: () => PromiseLike<A>;
    readonly params: ModelCall;
    readonly model?: ModelLike;
  }): Promise<A>;
}

/** Who and what a draft is recorded with. */
export interface DraftDetails {
  readonly policy: string;
  readonly user?: string;
  readonly meta?: Readonly<Record<string, unknown>>;
}

/** The record of an answer; a step that calls tools is no draft yet, so its text is left out. */
export function generationOf(
  params: ModelCall,
  { content, finishReason }: Pick<ModelAnswer, "content" | "finishReason">,
  { meta, ...details }: DraftDetails,
): { context: ChatMessage[]; draft: string; meta: Record<string, unknown> } & Omit<DraftDetails, "meta"> {
  const reason =
    typeof finishReason === "object" && finishReason !== null
      ? (finishReason as { unified?: unknown }).unified
      : finishReason;
  return {
    ...details,
    context: params.prompt.map(({ role, content: value }) => ({ role, content: textOf(value) })),
    draft: toolCalls(content).length > 0 ? "" : content.map(said).join(""),
    meta: { ...meta, ...(typeof reason === "string" ? { finishReason: reason } : {}) },
  };
}

/** The user that a call names, or the one given. */
export function userOf(params: ModelCall, otherwise?: string): { user?: string } {
  const user = params.providerOptions?.["fpx"]?.["user"] ?? otherwise;
  return typeof user === "string" ? { user } : {};
}

/** The answer with the id in its metadata, if there is one. */
export function withId<A extends ModelAnswer>(answer: A, id: string | undefined): A {
  if (id === undefined) return answer;
  return { ...answer, providerMetadata: { ...answer.providerMetadata, fpx: { generationId: id } } };
}

const said = (part: { readonly type: string; readonly text?: string }): string =>
  part.type === "text" ? (part.text ?? "") : "";

/** Ids of the calls of tools in an answer that the app has to make; a provider makes its own before it answers. */
export function toolCalls(content: ModelAnswer["content"]): string[] {
  return content
    .filter((part) => part.type === "tool-call" && !("providerExecuted" in part && part.providerExecuted))
    .map((part) => String((part as { toolCallId?: unknown }).toolCallId));
}

/** What a stream added up to, as far as it is used here. */
export type Streamed = Pick<ModelAnswer, "content" | "finishReason">;

/** Hears how a stream ends; `finish` gives the id that goes into its last part. */
export interface StreamListener {
  finish(whole: Streamed): Promise<string | undefined>;
  /** The stream broke off or was cancelled. */
  drop?(failed: boolean): void;
}

/** The stream with the id in its `finish` part, held back until `finish` has answered. */
export function recordedStream<P extends { readonly type: string }>(
  stream: ReadableStream<P>,
  listener: StreamListener,
): ReadableStream<P> {
  const reader = stream.getReader();
  let text = "";
  const calls: { readonly type: string }[] = [];
  let open = true;
  const drop = (failed: boolean): void => {
    if (open) listener.drop?.(failed);
    open = false;
  };
  return new ReadableStream<P>({
    async pull(controller) {
      try {
        const { done, value } = await reader.read();
        if (done) {
          drop(true);
          controller.close();
          return;
        }
        if (value.type === "text-delta") text += (value as { delta?: string }).delta ?? "";
        if (value.type === "tool-call") calls.push(value);
        if (value.type === "error") drop(true);
        if (value.type === "finish" && open) {
          open = false;
          const { finishReason } = value as { finishReason?: unknown };
          const content = [{ type: "text", text }, ...calls];
          const id = await listener.finish({ content, finishReason });
          controller.enqueue(withId(value as unknown as ModelAnswer, id) as unknown as P);
        } else controller.enqueue(value);
      } catch (error) {
        drop(true);
        controller.error(error);
      }
    },
    async cancel(reason) {
      drop(false);
      await reader.cancel(reason);
    },
  });
}

/** What was said, as text: parts that are no text stand as JSON, files without their data. */
function textOf(content: unknown): string {
  if (typeof content === "string") return content;
  if (!Array.isArray(content)) return JSON.stringify(content) ?? "";
  return content
    .map((part: { type?: unknown; text?: unknown; data?: unknown; providerOptions?: unknown }) => {
      if (part.type === "text" && typeof part.text === "string") return part.text;
      const { data: _, providerOptions: __, ...rest } = part;
      return JSON.stringify(rest);
    })
    .join("");
}
