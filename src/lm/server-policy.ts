/** A model behind an HTTP server as a policy: llama.cpp's server on a GGUF file, Ollama, vLLM, or a hosted API. */

import { Cancelled, FpxError, InvalidInput } from "../core/errors.ts";
import { createRng } from "../random/index.ts";
import type { AnswerOptions, Policy } from "./policy.ts";
import type { Context } from "./tokenizers/prompt.ts";

/** Where the server is and how it is asked. */
export interface ServerPolicyOptions {
  /** Base address of its OpenAI-compatible interface, such as `http://localhost:8080/v1`. */
  readonly url: string;
  /** The model's name there. */
  readonly model: string;
  /** Further headers, such as `authorization`. */
  readonly headers?: Readonly<Record<string, string>>;
  /** Most requests at once. Default 4. */
  readonly concurrency?: number;
  /** Default the global `fetch`. */
  readonly fetch?: typeof fetch;
}

/**
 * A policy that asks `POST {url}/chat/completions`, one request a context; a plain text is one message of the user. It
 * gives no log-probabilities, which these servers do not have for given responses. The first request that fails ends
 * the call; what is repeated is for the caller, or for the `fetch` that is given, to decide.
 *
 * `generate` throws `Cancelled` when its signal fires, and `FpxError` with code `POLICY_FAILURE` when the server cannot
 * be reached or does not answer with text.
 *
 * @example
 * const policy = serverPolicy({ url: "http://localhost:8080/v1", model: "qwen3-0.6b" });
 * const [draft] = await policy.generate(["Thank Ana for the report."], { maxNewTokens: 200 });
 */
export function serverPolicy(options: ServerPolicyOptions): Policy {
  const { url, model, headers = {}, concurrency = 4, fetch: send = fetch } = options;
  if (!URL.canParse(url))
    throw new InvalidInput(`url is "${url}"; give one such as http://localhost:8080/v1`);
  if (!Number.isSafeInteger(concurrency) || concurrency < 1)
    throw new InvalidInput(`concurrency is ${concurrency}; give a whole number of at least 1`);
  const address = `${url.replace(/\/+$/, "")}/chat/completions`;

  const answer = async (context: Context, index: number, asked: AnswerOptions): Promise<string> => {
    const { maxNewTokens, temperature = 0, seed = 0, firstIndex = 0, signal } = asked;
    const body = {
      model,
      messages: typeof context === "string" ? [{ role: "user", content: context }] : context,
      temperature,
      seed:
        createRng(seed)
          .stream("server policy", firstIndex + index)
          .words(1)[0]! >>> 1,
      ...(maxNewTokens === undefined ? {} : { max_tokens: maxNewTokens }),
    };
    try {
      const response = await send(address, {
        method: "POST",
        headers: { "content-type": "application/json", ...headers },
        body: JSON.stringify(body),
        ...(signal === undefined ? {} : { signal }),
      });
      const text = await response.text();
      if (!response.ok) throw failure(`${address} answered ${response.status}: ${text.slice(0, 200)}`);
      return contentOf(text, address);
    } catch (cause) {
      if (signal?.aborted) throw new Cancelled("cancelled while waiting for the server", { cause });
      if (cause instanceof FpxError) throw cause;
      throw failure(`${address} cannot be asked: ${reasonOf(cause)}`, cause);
    }
  };

  return {
    async generate(contexts, asked = {}) {
      const answers: { text: string }[] = new Array(contexts.length);
      let next = 0;
      let failed = false;
      const lane = async (): Promise<void> => {
        while (next < contexts.length && !failed) {
          const index = next++;
          try {
            answers[index] = { text: await answer(contexts[index]!, index, asked) };
          } catch (error) {
            failed = true;
            throw error;
          }
        }
      };
      await Promise.all(Array.from({ length: Math.min(concurrency, contexts.length) }, lane));
      return answers;
    },
  };
}

function contentOf(text: string, address: string): string {
  try {
    const content: unknown = JSON.parse(text).choices[0].message.content;
    if (typeof content === "string") return content;
  } catch {
    // Told below.
  }
  throw failure(`${address} answered without choices[0].message.content: ${text.slice(0, 200)}`);
}

function failure(message: string, cause?: unknown): FpxError {
  return new FpxError("POLICY_FAILURE", message, { cause });
}

/** `fetch` says "fetch failed" and keeps the reason inside. */
function reasonOf(error: unknown): string {
  const { cause = error } = error as { cause?: unknown };
  return cause instanceof Error ? cause.message : String(cause);
}
