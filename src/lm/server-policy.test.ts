import { createServer, type IncomingMessage, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { afterAll, beforeAll, expect, it } from "vitest";
import { serverPolicy } from "./server-policy.ts";

interface Asked {
  readonly model: string;
  readonly messages: readonly { role: string; content: string }[];
  readonly seed: number;
  readonly temperature: number;
  readonly max_tokens?: number;
}
const asked: Asked[] = [];
let server: Server;
let url: string;

const bodyOf = async (request: IncomingMessage): Promise<string> => {
  let text = "";
  for await (const part of request) text += String(part);
  return text;
};

beforeAll(async () => {
  server = createServer(async (request, response) => {
    const body = JSON.parse(await bodyOf(request)) as Asked;
    asked.push(body);
    const content = body.messages.at(-1)!.content;
    if (content === "refuse") response.writeHead(503).end("overloaded");
    else if (content === "hang") return;
    else if (content === "odd") response.end('{"choices":[]}');
    else {
      const reply = `${request.url} ${request.headers.authorization}: ${content.toUpperCase()}`;
      // Later ones answer sooner.
      setTimeout(
        () => response.end(JSON.stringify({ choices: [{ message: { content: reply } }] })),
        20 - content.length,
      );
    }
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1/`;
});
afterAll(() => {
  server.closeAllConnections();
  server.close();
});

const open = () => serverPolicy({ url, model: "m", headers: { authorization: "Bearer k" }, concurrency: 2 });

it("answers contexts in their order, texts as one message of the user", async () => {
  const contexts = [
    "a",
    "bb",
    [
      { role: "system", content: "s" },
      { role: "user", content: "ccc" },
    ],
    "dddd",
  ];
  const answers = await open().generate(contexts, { maxNewTokens: 5, seed: 3 });
  expect(answers.map(({ text }) => text)).toEqual(
    ["A", "BB", "CCC", "DDDD"].map((text) => `/v1/chat/completions Bearer k: ${text}`),
  );
  const first = asked.find(({ messages }) => messages[0]!.content === "a")!;
  expect(first).toMatchObject({ model: "m", temperature: 0, max_tokens: 5 });
  expect(first.messages).toEqual([{ role: "user", content: "a" }]);
  expect(asked.find(({ messages }) => messages.length === 2)!.messages[1]!.content).toBe("ccc");
  expect(new Set(asked.map(({ seed }) => seed)).size).toBe(4);
});

it("draws a context by its seed and place", async () => {
  const seedOf = async (seed: number, firstIndex: number) => {
    await open().generate(["x"], { seed, firstIndex });
    return asked.at(-1)!.seed;
  };
  expect(await seedOf(1, 2)).toBe(await seedOf(1, 2));
  expect(await seedOf(1, 2)).not.toBe(await seedOf(1, 3));
  expect(await seedOf(1, 2)).not.toBe(await seedOf(2, 2));
});

it("says why there is no answer", async () => {
  const generate = (context: string) => open().generate([context]);
  await expect(generate("refuse")).rejects.toMatchObject({ code: "POLICY_FAILURE" });
  await expect(generate("refuse")).rejects.toThrow(/answered 503: overloaded/);
  await expect(generate("odd")).rejects.toThrow(/without choices\[0\]\.message\.content: \{"choices":\[\]\}/);
  await expect(serverPolicy({ url: "http://127.0.0.1:2/v1", model: "m" }).generate(["x"])).rejects.toThrow(
    /cannot be asked: .*ECONNREFUSED/,
  );
  await expect(open().generate(["hang"], { signal: AbortSignal.timeout(50) })).rejects.toMatchObject({
    code: "CANCELLED",
  });
  expect(() => serverPolicy({ url: "nowhere", model: "m" })).toThrow(/url is "nowhere"/);
  expect(() => serverPolicy({ url, model: "m", concurrency: 0 })).toThrow(/concurrency is 0/);
});
