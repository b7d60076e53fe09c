/** An OpenAI-compatible server on loopback that writes what it is told to. */
import { createServer, type IncomingMessage } from "node:http";
import type { AddressInfo } from "node:net";

/** A request as it came. */
export interface SeenRequest {
  readonly method: string;
  readonly path: string;
  readonly headers: IncomingMessage["headers"];
  readonly body: string;
}

/** What a server answers: a draft for a model and the last message, or a status. */
export type Writer = (model: string, message: string) => string | { readonly status: number };

/** A running server. */
export interface OpenAiServer {
  readonly url: string;
  readonly seen: readonly SeenRequest[];
  close(): Promise<void>;
}

/** Starts it on a free port; drafts are streamed in pieces of three characters. */
export async function startOpenAi(write: Writer): Promise<OpenAiServer> {
  const seen: SeenRequest[] = [];
  const server = createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const body = Buffer.concat(chunks).toString("utf8");
    const path = request.url!;
    seen.push({ method: request.method!, path, headers: request.headers, body });
    const json = (status: number, value: unknown): void => {
      response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(value));
    };
    if (path.endsWith("/files")) return json(200, { id: "file-1", object: "file" });
    if (path.endsWith("/fine_tuning/jobs")) return json(200, { id: "ftjob-1", status: "queued" });
    const { model, messages, input, stream } = JSON.parse(body);
    const said = typeof input === "string" ? input : (messages ?? input).at(-1).content;
    const draft = write(model, typeof said === "string" ? said : said[0].text);
    if (typeof draft !== "string") return json(draft.status, { error: { message: "no" } });
    const pieces = draft.match(/[\s\S]{1,3}/g) ?? [];
    const events = (list: readonly unknown[], named: boolean): void => {
      response.writeHead(200, { "content-type": "text/event-stream" });
      for (const event of list)
        response.write(
          `${named ? `event: ${(event as { type: string }).type}\n` : ""}data: ${JSON.stringify(event)}\n\n`,
        );
      response.end(named ? "" : "data: [DONE]\n\n");
    };
    if (path.endsWith("/responses")) {
      const whole = {
        id: "resp-1",
        object: "response",
        status: "completed",
        model,
        output: [
          {
            type: "message",
            id: "m",
            role: "assistant",
            status: "completed",
            content: [{ type: "output_text", text: draft, annotations: [] }],
          },
        ],
      };
      if (!stream) return json(200, whole);
      return events(
        [
          ...pieces.map((delta) => ({ type: "response.output_text.delta", delta })),
          { type: "response.completed", response: whole },
        ],
        true,
      );
    }
    const frame = { id: "chatcmpl-1", object: "chat.completion", created: 1, model };
    const usage = { prompt_tokens: 1, completion_tokens: 1, total_tokens: 2 };
    if (!stream) {
      const message = { role: "assistant", content: draft };
      return json(200, { ...frame, choices: [{ index: 0, message, finish_reason: "stop" }], usage });
    }
    const chunk = (choices: unknown[]) => ({ ...frame, object: "chat.completion.chunk", choices });
    events(
      [
        ...pieces.map((content) =>
          chunk([{ index: 0, delta: { role: "assistant", content }, finish_reason: null }]),
        ),
        chunk([{ index: 0, delta: {}, finish_reason: "stop" }]),
        { ...chunk([]), usage },
      ],
      false,
    );
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}/v1`,
    seen,
    close: () =>
      new Promise((resolve) => {
        server.closeAllConnections();
        server.close(() => resolve());
      }),
  };
}
