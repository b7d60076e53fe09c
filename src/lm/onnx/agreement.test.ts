import * as onnxruntime from "onnxruntime-node";
import { describe, expect, it } from "vitest";
import { buildCase, graphCases } from "../../../test/support/graph-cases.ts";
import { gradients, interpret, type Program, type Tensor, type Value } from "../graph/index.ts";
import { kernels } from "../graph/kernels.ts";
import { liveNodes } from "../graph/live.ts";
import { type OrtModule, ortEngine } from "../runtimes/ort.ts";
import { residentSession } from "../runtimes/resident.ts";
import type { Session, TensorData, Tensors } from "../runtimes/runtime.ts";
import { onnxRuntimeWeb } from "../runtimes/web.ts";
import { emitOnnx } from "./emit.ts";

function toTensor({ dims, data }: Value): TensorData {
  if (data instanceof Float64Array) return { type: "float", dims, data: Float32Array.from(data) };
  return data instanceof Int32Array ? { type: "int32", dims, data } : { type: "bool", dims, data };
}

/** Rounds floats to f32, so that both sides start from the same numbers. */
function rounded({ dims, data }: Value): Value {
  return { dims, data: data instanceof Float64Array ? Float64Array.from(Float32Array.from(data)) : data };
}

function cases(): { name: string; program: Program; feeds: Record<string, Value> }[] {
  return graphCases.map((graphCase) => {
    const { inputs, output, feeds, loss } = buildCase(graphCase, 7);
    const outputs: Record<string, Tensor> = { output };
    if (loss !== undefined) {
      outputs["loss"] = loss;
      for (const [name, tensor] of Object.entries(inputs)) {
        if (tensor.node.op !== "parameter") continue;
        outputs[`d ${name}`] = gradients(loss, [tensor])[0]!;
      }
    }
    const rounds = Object.fromEntries(Object.entries(feeds).map(([name, value]) => [name, rounded(value)]));
    return { name: graphCase.name, program: { outputs }, feeds: rounds };
  });
}

function compare(found: Tensors, expected: Readonly<Record<string, Value>>): void {
  for (const [name, { dims, data }] of Object.entries(expected)) {
    expect(found[name]!.dims, name).toEqual(dims);
    const scale = Math.max(1, ...Array.from(data, Math.abs));
    const tolerance = data instanceof Float64Array ? 1e-5 * scale : 0;
    for (const [i, value] of Array.from(data).entries()) {
      const difference = Math.abs(Number(found[name]!.data[i]) - value);
      expect(difference, `${name}[${i}]: ${found[name]!.data[i]} against ${value}`).toBeLessThanOrEqual(
        tolerance,
      );
    }
  }
}

type Load = (program: Program) => Promise<Session>;

/** The native package on this thread: the worker around it has tests of its own. */
function native(contrib: boolean): Load {
  return async (program) => {
    const ort = onnxruntime as unknown as OrtModule;
    const options = { intraOpNumThreads: 2, logSeverityLevel: 3 };
    const session = await ort.InferenceSession.create(emitOnnx(program, { contrib }), options);
    return residentSession(ortEngine(ort, session, { reuse: true, owner: false }));
  };
}

const loaders: Readonly<Record<string, Load>> = {
  "onnxruntime-node": native(false),
  "onnxruntime-node with its own operators": native(true),
  "onnxruntime-web": async (program) => (await onnxRuntimeWeb()).load(program),
};

for (const [runtimeName, load] of Object.entries(loaders)) {
  describe(`${runtimeName} agrees with the interpreter`, () => {
    for (const { name, program, feeds } of cases()) {
      it(`on ${name}`, async () => {
        const session = await load(program);
        const given = Object.fromEntries(session.inputs.map((input) => [input, toTensor(feeds[input]!)]));
        const found = await session.run(given, { fetch: Object.keys(program.outputs) });
        await session.close();
        compare(found, interpret(program.outputs, feeds));
      });
    }
  });
}

it("is checked for every operation", () => {
  const seen = new Set(
    cases().flatMap(({ program }) => liveNodes(Object.values(program.outputs)).map((node) => node.op)),
  );
  expect(Object.keys(kernels).filter((op) => !seen.has(op as "add"))).toEqual([]);
});
