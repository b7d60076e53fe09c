import { describe, expect, it } from "vitest";
import { buildCase, graphCases } from "../../../test/support/graph-cases.ts";
import { gradientRules } from "./gradient-rules.ts";
import { gradients } from "./gradients.ts";
import { argMax, cast, exp, Graph, interpret, linear, mul, reduceSum, square } from "./index.ts";
import { liveNodes } from "./live.ts";

const STEP = 1e-5;

/** Central differences of the loss for every element of one input. */
function differences(
  loss: ReturnType<typeof buildCase>["loss"],
  feeds: ReturnType<typeof buildCase>["feeds"],
  name: string,
): Float64Array {
  const value = feeds[name]!;
  return Float64Array.from(value.data, (_, i) => {
    const at = (shift: number): number => {
      const data = Float64Array.from(value.data);
      data[i] = data[i]! + shift;
      return interpret({ loss: loss! }, { ...feeds, [name]: { dims: value.dims, data } }).loss.data[0]!;
    };
    // Richardson extrapolation: the error is of fourth order.
    return (8 * (at(STEP) - at(-STEP)) - (at(2 * STEP) - at(-2 * STEP))) / (12 * STEP);
  });
}

describe("gradients", () => {
  const checked = new Map<string, Set<number>>();

  for (const graphCase of graphCases) {
    const { graph, inputs, output, feeds, loss, nodes } = buildCase(graphCase);
    const floats = Object.entries(inputs).filter(([, tensor]) => tensor.dtype === "float");
    const forward = liveNodes([output]);
    const active = new Set<number>();
    for (const node of forward) {
      if (node.op === "parameter" || (node.op === "input" && node.outputs[0]!.dtype === "float"))
        active.add(node.outputs[0]!.id);
      if (gradientRules[node.op] === undefined || output.dtype !== "float") continue;
      for (const [i, input] of node.inputs.entries()) {
        if (!active.has(input.id)) continue;
        const places = checked.get(node.op) ?? new Set();
        checked.set(node.op, places.add(i));
        for (const result of node.outputs) active.add(result.id);
      }
    }
    const depends = output.dtype === "float" && active.has(output.id) && floats.length > 0;
    if (!depends) continue;
    it(`of ${graphCase.name} equal central differences`, () => {
      const wrt = floats.map(([, tensor]) => tensor);
      const found = gradients(loss!, wrt);
      expect(graph.nodes.length).toBeGreaterThanOrEqual(nodes);
      for (const [k, [name, tensor]] of floats.entries()) {
        expect(found[k]!.shape).toEqual(tensor.shape);
        const analytic = interpret({ gradient: found[k]! }, feeds).gradient;
        expect(analytic.dims).toEqual(feeds[name]!.dims);
        const numeric = differences(loss, feeds, name);
        const scale = Math.max(1, ...numeric.map(Math.abs));
        for (const [i, value] of numeric.entries()) {
          expect(
            Math.abs(analytic.data[i]! - value) / scale,
            `${name}[${i}]: ${analytic.data[i]} against ${value}`,
          ).toBeLessThan(1e-8);
        }
      }
    });
  }

  it("are checked for every rule and every input that the rule serves", () => {
    const missing: string[] = [];
    for (const [op, rule] of Object.entries(gradientRules)) {
      if (rule === undefined) continue;
      const sample = graphCases
        .map((c) => buildCase(c).graph.nodes.find((node) => node.op === op))
        .find((node) => node !== undefined);
      if (sample === undefined) missing.push(op);
      else {
        for (const [i, input] of sample.inputs.entries()) {
          if (input.dtype === "float" && !checked.get(op)?.has(i)) missing.push(`${op} input ${i}`);
        }
      }
    }
    expect(missing).toEqual([]);
  });

  it("repeat themselves: second derivatives of compositions", () => {
    const graph = new Graph();
    const x = graph.parameter("x", [3]);
    const [first] = gradients(reduceSum(exp(square(x))), [x]);
    const [second] = gradients(reduceSum(first!), [x]);
    const { data } = interpret(
      { second: second! },
      { x: { dims: [3], data: Float64Array.of(0.3, -0.5, 1) } },
    ).second;
    for (const [i, v] of [0.3, -0.5, 1].entries())
      expect(data[i]).toBeCloseTo((2 + 4 * v * v) * Math.exp(v * v), 12);
  });

  it("add no work for tensors that do not matter", () => {
    const graph = new Graph();
    const x = graph.input("x", "float", ["batch", 4]);
    const frozen = graph.parameter("frozen", [4, 4]);
    const bias = graph.parameter("bias", [4]);
    const loss = reduceSum(linear(x, frozen, { bias }));
    const before = graph.nodes.length;
    gradients(loss, [bias]);
    expect(graph.nodes.slice(before).some((node) => node.op === "matmul")).toBe(false);
  });

  it("refuse losses that are no scalar or do not depend on a tensor", () => {
    const graph = new Graph();
    const x = graph.parameter("x", [3]);
    const y = graph.parameter("y", [3]);
    expect(() => gradients(x, [x])).toThrow("the loss must be a float scalar");
    expect(() => gradients(reduceSum(x), [y])).toThrow('does not depend on "y"');
    expect(() => gradients(mul(cast(argMax(x), "float"), reduceSum(y)), [x])).toThrow(
      'does not depend on "x"',
    );
  });
});
