import { describe, expect, it } from "vitest";
import { adamwFeeds, adamwUpdate } from "./adamw.ts";
import { type AdamwOptions, adamwStep } from "./adamw-step.ts";
import { Graph, gradients, mul, reduceSum, square } from "./graph/index.ts";
import { interpreterRuntime } from "./runtimes/interpreter.ts";

const options: AdamwOptions = { beta1: 0.5, beta2: 0.75, epsilon: 0.1, weightDecay: 0.2 };

// Two steps by hand from p = 1, gradients 2 and −1, rate 0.1:
// step 1: m = 1, v = 1; m/(1−0.5) = 2, v/(1−0.75) = 4; p = 0.98 − 0.1·2/2.1 = 0.98 − 0.2/2.1
// step 2: m = 0, v = 0.75 + 0.25 = 1; p = 0.98·p − 0
const first = 0.98 - 0.2 / 2.1;
const second = 0.98 * first;

describe("adamwStep", () => {
  it("follows a sequence worked out by hand", () => {
    const numbers = { values: Float64Array.of(1), m: new Float64Array(1), v: new Float64Array(1) };
    adamwStep(numbers, [2], 1, 0.1, options);
    expect(numbers.values[0]).toBeCloseTo(first, 14);
    adamwStep(numbers, [-1], 2, 0.1, options);
    expect(numbers.m[0]).toBe(0);
    expect(numbers.values[0]).toBeCloseTo(second, 14);
  });

  it("clips by the norm", () => {
    const [clipped, scaled] = [0, 1].map(() => ({
      values: Float64Array.of(1, 2),
      m: new Float64Array(2),
      v: new Float64Array(2),
    }));
    adamwStep(clipped!, [3, 4], 1, 0.1, { epsilon: 1, maximumNorm: 1 });
    adamwStep(scaled!, [3 / 5.000001, 4 / 5.000001], 1, 0.1, { epsilon: 1 });
    expect(clipped!.values[0]).toBeCloseTo(scaled!.values[0]!, 14);
    expect(clipped!.values[1]).toBeCloseTo(scaled!.values[1]!, 14);
  });

  it("refuses options outside their range and arrays of unequal length", () => {
    const numbers = { values: new Float64Array(2), m: new Float64Array(2), v: new Float64Array(1) };
    expect(() => adamwStep(numbers, [1, 2], 1, 0.1)).toThrow("lengths differ");
    for (const bad of [
      { beta1: 1 },
      { beta2: -1 },
      { epsilon: 0 },
      { weightDecay: -1 },
      { maximumNorm: 0 },
    ]) {
      expect(() => adamwFeeds(1, 0.1, bad), JSON.stringify(bad)).toThrow("AdamW");
    }
  });
});

describe("adamwUpdate", () => {
  for (const more of [{}, { maximumNorm: 0.7 }, { weightDecay: 0 }]) {
    it(`equals the plain function over several steps ${JSON.stringify(more)}`, async () => {
      const settings = { ...options, ...more };
      const graph = new Graph();
      const p = graph.parameter("p", [3]);
      const scale = graph.input("scale", "float", [3]);
      const [gradient] = gradients(reduceSum(mul(square(p), scale)), [p]);
      const update = adamwUpdate([p], [gradient!], settings);
      const session = await interpreterRuntime().load({
        outputs: { norm: update.gradientNorm, ...update.outputs },
      });
      const start = [0.5, -1, 2];
      await session.write({
        p: { type: "float", dims: [3], data: Float64Array.from(start) },
        ...update.state,
      });
      const numbers = { values: Float64Array.from(start), m: new Float64Array(3), v: new Float64Array(3) };
      for (let step = 1; step <= 5; step++) {
        const scales = [step, 1, -0.5];
        const g = scales.map((s, i) => 2 * s * numbers.values[i]!);
        const { norm } = await session.run(
          {
            scale: { type: "float", dims: [3], data: Float64Array.from(scales) },
            ...adamwFeeds(step, 0.1, settings),
          },
          { fetch: ["norm"], carry: update.carry },
        );
        expect(norm!.data[0]).toBeCloseTo(Math.hypot(...g), 6);
        adamwStep(numbers, g, step, 0.1, settings);
        // The scalars that are fed are rounded to f32.
        const { p: values } = await session.read(["p"]);
        for (let i = 0; i < 3; i++) expect(values!.data[i]).toBeCloseTo(numbers.values[i]!, 6);
      }
    });
  }

  it("refuses tensors that are no parameters", () => {
    const graph = new Graph();
    const x = graph.input("x", "float", [2]);
    expect(() => adamwUpdate([x], [x])).toThrow("only parameters of fixed shape");
    expect(() => adamwUpdate([], [])).toThrow("one gradient per parameter");
  });
});
