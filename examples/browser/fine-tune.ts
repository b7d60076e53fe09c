/** Fine-tuning from user edits inside the page: on WebGPU where the browser has it, else in WebAssembly. */
import { fitReference, type LearnContext, learn, parseEditLog } from "fpx/edits";
import { onnxRuntimeWeb, type Runtime } from "fpx/lm";

const LOG = new URL("../../samples/mail/log.jsonl", import.meta.url);
const element = <E extends Element>(id: string): E => document.querySelector<E>(`#${id}`)!;
const [answer, bar] = [element<HTMLOutputElement>("answer"), element<HTMLProgressElement>("progress")];

/** `?provider=wasm` or `?provider=webgpu` decides; else a graphics processor is taken where there is one. */
async function findRuntime(): Promise<Runtime> {
  const wish = new URLSearchParams(location.search).get("provider");
  const gpu = (navigator as { gpu?: { requestAdapter(): Promise<unknown> } }).gpu;
  const useGpu = wish === "webgpu" || (wish !== "wasm" && Boolean(await gpu?.requestAdapter()));
  if (useGpu) {
    try {
      return await onnxRuntimeWeb({ provider: "webgpu", module: await import("onnxruntime-web/webgpu") });
    } catch (error) {
      answer.textContent = `WebGPU does not start (${(error as Error).message}), so WebAssembly it is.`;
    }
  }
  return onnxRuntimeWeb({ provider: "wasm", module: await import("onnxruntime-web") });
}

async function main(): Promise<void> {
  const runtime = await findRuntime();
  const text = await (await fetch(LOG)).text();
  const count = Number(element<HTMLInputElement>("count").value);
  const records = parseEditLog(text.split("\n").slice(0, count).join("\n")).records;
  let total = 1;
  const context: LearnContext = {
    runtime,
    store: { load: async () => undefined, save: async () => undefined },
    observer: {
      start(label, options) {
        total = options.total ?? 1;
        bar.hidden = false;
        answer.textContent = `${runtime.name}\n${label}`;
      },
      update: (done) => (bar.value = done / total),
      note: () => undefined,
    },
    signal: new AbortController().signal,
  };
  const sizes = { hiddenSize: 32, layers: 1, heads: 2, keyValueHeads: 1 };
  const base = await fitReference(
    records.map(({ context: asked, draft }) => ({ context: asked, draft })),
    { seed: 1, vocabSize: 512, sizes, steps: 40, batchSize: 8, learningRate: 5e-3 },
    context,
  );
  const learned = await learn(records, base, undefined, { seed: 1, methods: ["sft"], epochs: 4 }, context);
  bar.hidden = true;
  answer.textContent = [
    `${runtime.name}; held-out nats a token of what users left:`,
    ...learned.scores.map(
      ({ policy, likelihood }) => `${policy.padEnd(8)}${likelihood?.nll.toFixed(3) ?? "-"}`,
    ),
  ].join("\n");
}

element("learn").addEventListener("click", () => {
  main().catch((error: unknown) => (answer.textContent = (error as Error).message));
});
