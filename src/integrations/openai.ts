/** The `openai` client: drafts of chat completions and responses recorded under an id that comes with the answer. */

import type { ChatMessage } from "../edits/index.ts";
import type { DurableEditLog, Generation } from "./edit-log.ts";
import { Recorder, type RecordingOptions } from "./recorder.ts";

type Create = (body: never, options?: never) => PromiseLike<unknown>;

/** What is used of a client of the `openai` package, or of another with its shape. */
export interface OpenAiLike {
  readonly chat?: { readonly completions: { create: Create } };
  readonly responses?: { create: Create };
  withOptions?(options: never): unknown;
}

/** Options of `recordOpenAi`. */
export interface OpenAiOptions extends RecordingOptions {
  /** Name of the policy. Default the model that was asked for. */
  readonly policy?: string;
  /** For whom a call is. Default its `safety_identifier` or `user`. */
  readonly user?: (body: Readonly<Record<string, unknown>>) => string | undefined;
}

type Fields = Readonly<Record<string, unknown>>;

/** How to read one of the two interfaces. */
interface Dialect {
  /** The conversation of a request. */
  context(body: Fields): ChatMessage[];
  /** The draft in an answer. */
  draft(answer: Fields): { text: string; finishReason: unknown };
  /** Adds up a stream; gives the answer when this event ends it. */
  reader(): { add(event: Fields): void; ended(): Fields | undefined };
}

/**
 * Makes a client record the drafts of `chat.completions.create` and `responses.create`, streamed or not, and of what the
 * client builds on these (`parse`, `stream`, `runTools`), and gives the client back; it is changed in place, and so are
 * those that its `withOptions` gives. Other calls, such as the older `completions.create`, are not recorded. The answer, and the last chunk of a stream, carry the id for `generationId`; of
 * several choices the first is recorded. The provider's own response id is kept in `meta.responseId`: some servers give the
 * same one twice.
 *
 * @example
 * const client = recordOpenAi(new OpenAI(), log);
 * const answer = await client.chat.completions.create({ model: "gpt-4o-mini", messages });
 * await log.edited(generationId(answer)!, "what the user left");
 */
export function recordOpenAi<C extends OpenAiLike>(
  client: C,
  log: DurableEditLog,
  options: OpenAiOptions = {},
): C {
  return recorded(client, new Recorder(log, options), options);
}

function recorded<C extends OpenAiLike>(client: C, recorder: Recorder, options: OpenAiOptions): C {
  if (client.chat !== undefined) wrap(client.chat.completions, COMPLETIONS, recorder, options);
  if (client.responses !== undefined) wrap(client.responses, RESPONSES, recorder, options);
  const withOptions = client.withOptions?.bind(client);
  if (withOptions !== undefined)
    client.withOptions = (more) => recorded(withOptions(more) as OpenAiLike, recorder, options);
  return client;
}

function wrap(
  resource: { create: Create },
  dialect: Dialect,
  recorder: Recorder,
  options: OpenAiOptions,
): void {
  const create = resource.create.bind(resource) as (body: Fields, more?: unknown) => PromiseLike<unknown>;
  const record = async (body: Fields, answer: Fields): Promise<Fields> => {
    const id = await recorder.record(() => generationOf(body, answer, dialect, options));
    return id === undefined ? answer : Object.assign(answer, { fpx: { generationId: id } });
  };
  const follow = (asked: PromiseLike<unknown>, body: Fields): PromiseLike<unknown> => {
    let answered: Promise<unknown> | undefined;
    const answer = (): Promise<unknown> =>
      (answered ??= Promise.resolve(asked).then((result): PromiseLike<unknown> | AsyncIterable<Fields> =>
        body["stream"] === true
          ? recordStream(result as AsyncIterable<Fields>, dialect, recorder, (whole) => record(body, whole))
          : record(body, result as Fields),
      ));
    // The client's promise has more methods than a promise; those stay as they are.
    return new Proxy(asked, {
      get(target, key) {
        if (key === "then" || key === "catch" || key === "finally") {
          const promise = answer();
          return promise[key].bind(promise);
        }
        if (key === "parse") return answer;
        // What `parse` of the client makes of the answer carries the id, too.
        if (key === "_thenUnwrap")
          return (transform: never) => follow((target as Unwrapping)._thenUnwrap(transform), body);
        if (key === "withResponse")
          return async () => ({
            ...(await (target as unknown as { withResponse(): Promise<object> }).withResponse()),
            data: await answer(),
          });
        const value: unknown = Reflect.get(target, key, target);
        return typeof value === "function" ? value.bind(target) : value;
      },
    });
  };
  resource.create = ((body: Fields, more?: unknown) => follow(create(body, more), body)) as Create;
}

/** The client's promise, as far as its own methods use it. */
interface Unwrapping extends PromiseLike<unknown> {
  _thenUnwrap(transform: never): PromiseLike<unknown>;
}

/** The stream with its last event held back until the draft is recorded. */
function recordStream(
  stream: AsyncIterable<Fields>,
  dialect: Dialect,
  recorder: Recorder,
  record: (answer: Fields) => Promise<Fields>,
): AsyncIterable<Fields> {
  // The client's own streams split and convert by `iterator`, which their asyncIterator asks, too.
  const key = "iterator" in stream ? "iterator" : Symbol.asyncIterator;
  const iterate = (stream as unknown as Record<typeof key, () => AsyncIterator<Fields>>)[key].bind(stream);
  async function* recorded(): AsyncGenerator<Fields> {
    let reader: ReturnType<Dialect["reader"]> | undefined = dialect.reader();
    let held: Fields | undefined;
    for await (const event of { [Symbol.asyncIterator]: iterate }) {
      if (held !== undefined) yield held;
      held = event;
      try {
        reader?.add(event);
      } catch (error) {
        // An event of another shape than expected: the stream goes on, unrecorded.
        recorder.fault(error);
        reader = undefined;
      }
    }
    const answer = reader?.ended();
    const fpx = answer === undefined ? undefined : (await record(answer))["fpx"];
    if (held !== undefined) yield fpx === undefined ? held : Object.assign(held, { fpx });
  }
  Object.defineProperty(stream, key, { value: recorded, configurable: true });
  return stream;
}

function generationOf(
  body: Fields,
  answer: Fields,
  dialect: Dialect,
  { policy, user = userOf }: OpenAiOptions,
): Generation {
  const { text, finishReason } = dialect.draft(answer);
  const who = user(body);
  return {
    context: dialect.context(body),
    draft: text,
    policy: policy ?? String(body["model"] ?? answer["model"] ?? "unknown"),
    ...(who === undefined ? {} : { user: who }),
    meta: {
      ...(typeof answer["id"] === "string" ? { responseId: answer["id"] } : {}),
      ...(typeof finishReason === "string" ? { finishReason } : {}),
    },
  };
}

const userOf = (body: Fields): string | undefined => {
  const user = body["safety_identifier"] ?? body["user"];
  return typeof user === "string" ? user : undefined;
};

const COMPLETIONS: Dialect = {
  context: (body) => messagesOf(body["messages"]),
  draft(answer) {
    const [choice] = (answer["choices"] as Fields[] | undefined) ?? [];
    const content = (choice?.["message"] as Fields | undefined)?.["content"];
    return { text: typeof content === "string" ? content : "", finishReason: choice?.["finish_reason"] };
  },
  reader() {
    let content = "";
    let id: unknown;
    let finishReason: unknown;
    return {
      add(chunk) {
        id ??= chunk["id"];
        for (const choice of (chunk["choices"] as Fields[] | undefined) ?? []) {
          if ((choice["index"] ?? 0) !== 0) continue;
          content += String((choice["delta"] as Fields | undefined)?.["content"] ?? "");
          finishReason ??= choice["finish_reason"];
        }
      },
      // Without a reason it broke off.
      ended: () =>
        typeof finishReason === "string"
          ? { id, choices: [{ message: { content }, finish_reason: finishReason }] }
          : undefined,
    };
  },
};

const RESPONSES: Dialect = {
  context(body) {
    const { instructions, input } = body;
    const system = typeof instructions === "string" ? [{ role: "system", content: instructions }] : [];
    return [
      ...system,
      ...(typeof input === "string" ? [{ role: "user", content: input }] : messagesOf(input)),
    ];
  },
  draft: (answer) => ({
    text: ((answer["output"] as Fields[] | undefined) ?? [])
      .flatMap((item) => (item["type"] === "message" ? (item["content"] as Fields[]) : []))
      .map((part) => (part["type"] === "output_text" ? String(part["text"]) : ""))
      .join(""),
    finishReason: (answer["incomplete_details"] as Fields | null | undefined)?.["reason"] ?? answer["status"],
  }),
  reader() {
    let whole: Fields | undefined;
    return {
      add(event) {
        if (event["type"] === "response.completed" || event["type"] === "response.incomplete")
          whole = event["response"] as Fields;
      },
      ended: () => whole,
    };
  },
};

/** Messages of a request; content that is no text stands as JSON. */
function messagesOf(value: unknown): ChatMessage[] {
  if (!Array.isArray(value)) return [];
  return value.map((message: Fields) => {
    const { role, content } = message;
    const parts = Array.isArray(content) ? (content as Fields[]) : undefined;
    const text = parts?.every((part) => typeof part["text"] === "string")
      ? parts.map((part) => part["text"]).join("")
      : content;
    return {
      role: typeof role === "string" ? role : String(message["type"] ?? "user"),
      content: typeof text === "string" ? text : JSON.stringify(text ?? message),
    };
  });
}
