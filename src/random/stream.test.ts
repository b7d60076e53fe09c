import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { InvalidInput } from "../core/errors.ts";
import { createKernels } from "../wasm/index.ts";
import { type Floats, kernelFiller, type Law, typescriptFiller } from "./fill.ts";
import { createRng, rngWith } from "./rng.ts";

const kernels = kernelFiller(createKernels()!);
const LAWS: readonly Law[] = ["normal", "sign"];
type Kind = new (length: number) => Floats;
const KINDS: readonly Kind[] = [Float64Array, Float32Array];

function mean(values: Floats): number {
  let sum = 0;
  for (const value of values) sum += value;
  return sum / values.length;
}

function sameBits(a: ArrayBufferView, b: ArrayBufferView): boolean {
  const bytes = ({ buffer, byteOffset, byteLength }: ArrayBufferView) =>
    Buffer.from(buffer, byteOffset, byteLength);
  return bytes(a).equals(bytes(b));
}

/** Mean, variance, skewness and kurtosis, each in standard errors from a standard normal's. */
function momentErrors(z: ArrayLike<number>): number[] {
  const n = z.length;
  const power = [0, 0, 0, 0, 0];
  for (let i = 0; i < n; i++) for (let p = 1; p <= 4; p++) power[p]! += z[i]! ** p;
  const expected = [0, 0, 1, 0, 3];
  const variance = [0, 1, 2, 15, 96];
  return [1, 2, 3, 4].map((p) => (power[p]! / n - expected[p]!) / Math.sqrt(variance[p]! / n));
}

describe("streams", () => {
  it("have the same bits from the kernels and from the twin, at any offset and length", () => {
    const offset = fc.oneof(
      fc.nat(2000),
      fc.constantFrom(2 ** 32 - 3, 2 ** 34 - 7, 2 ** 39 - 130, 2 ** 52 - 50_000),
    );
    const arguments_ = fc.record({
      seed: fc.bigInt({ min: 0n, max: (1n << 64n) - 1n }),
      step: fc.nat(0xffffffff),
      index: fc.nat(0xffffffff),
      count: fc.oneof(fc.nat(70), fc.constantFrom(8192, 16_384, 16_391, 33_001)),
      scale: fc.float({ noNaN: true, noDefaultInfinity: true, min: -8, max: 8 }),
      offset,
    });
    fc.assert(
      fc.property(arguments_, ({ seed, step, index, count, scale, offset }) => {
        const [fast, plain] = [kernels, typescriptFiller].map((filler) =>
          rngWith(seed, filler).stream("twins", step, index),
        );
        expect(sameBits(fast!.words(count, offset), plain!.words(count, offset))).toBe(true);
        for (const Kind of KINDS) {
          expect(
            sameBits(fast!.normals(new Kind(count), offset), plain!.normals(new Kind(count), offset)),
          ).toBe(true);
          expect(sameBits(fast!.signs(new Kind(count), offset), plain!.signs(new Kind(count), offset))).toBe(
            true,
          );
          for (const law of LAWS) {
            const theta = () => new Kind(count).map((_, i) => Math.sin(i) * 3);
            expect(
              sameBits(
                fast!.perturb(theta(), scale, { law, offset }),
                plain!.perturb(theta(), scale, { law, offset }),
              ),
            ).toBe(true);
          }
        }
      }),
      { numRuns: 60, seed: 1 },
    );
  }, 120_000);

  it("give the same element by whatever range it is asked for", () => {
    const stream = createRng(3).stream("range", 1, 2);
    for (const Kind of KINDS) {
      const all = stream.normals(new Kind(40_000));
      const uniforms = stream.uniforms(new Kind(40_000));
      const signs = stream.signs(new Kind(40_000));
      for (const [from, count] of [
        [0, 1],
        [1, 1],
        [3, 200],
        [129, 17_000],
        [39_999, 1],
      ] as const) {
        expect(stream.normals(new Kind(count), from)).toEqual(all.slice(from, from + count));
        expect(stream.uniforms(new Kind(count), from)).toEqual(uniforms.slice(from, from + count));
        expect(stream.signs(new Kind(count), from)).toEqual(signs.slice(from, from + count));
      }
    }
    const integers = stream.integers(3_000_000_000, 1000);
    expect(stream.integers(3_000_000_000, 10, 500)).toEqual(integers.slice(500, 510));
  });

  it("stay what they are: the format is a promise", () => {
    const stream = createRng(7).stream("direction", 3, 1);
    expect([...stream.words(5, 2)].map((w) => w.toString(16))).toMatchInlineSnapshot(`
      [
        "45141fe0",
        "9196c1d8",
        "3ca20954",
        "8e7f0a40",
        "76d42112",
      ]
    `);
    expect([...stream.normals(3, 1)]).toMatchInlineSnapshot(`
      [
        0.08230993339861957,
        0.09347615715380429,
        1.078418159860622,
      ]
    `);
    expect([...stream.normals(new Float32Array(3), 1)]).toMatchInlineSnapshot(`
      [
        -0.42353546619415283,
        -1.4701048135757446,
        -0.6772418022155762,
      ]
    `);
    expect([...stream.uniforms(2)]).toMatchInlineSnapshot(`
      [
        0.9721599276903216,
        0.5687066224100622,
      ]
    `);
    expect(stream.signs(8).join()).toMatchInlineSnapshot(`"-1,-1,-1,-1,-1,1,1,-1"`);
    expect([...stream.integers(1000, 4)]).toMatchInlineSnapshot(`
      [
        911,
        972,
        269,
        568,
      ]
    `);
    expect([...stream.permutation(7)]).toMatchInlineSnapshot(`
      [
        5,
        4,
        0,
        2,
        1,
        6,
        3,
      ]
    `);
  });

  it("differ by seed, purpose, step and index, and not by when they are made", () => {
    const rng = createRng(1);
    const first = (seed: number, purpose: string, step?: number, index?: number) =>
      createRng(seed).stream(purpose, step, index).words(4).join();
    const names = [
      first(1, "a"),
      first(2, "a"),
      first(1, "b"),
      first(1, "a", 1),
      first(1, "a", 0, 1),
      first(1, "a", 1, 1),
    ];
    expect(new Set(names).size).toBe(names.length);
    expect(rng.stream("b").words(4).join()).toBe(names[2]);
    expect(rng.stream("a").words(4).join()).toBe(names[0]);
  });

  it("hold normals as accurate as Math gives from the same words", () => {
    const stream = createRng(11).stream("accuracy");
    const n = 1_000_000;
    const words = stream.words(2 * n);
    const wide = stream.normals(n);
    const narrow = stream.normals(new Float32Array(n));
    let worstWide = 0;
    let worstNarrow = 0;
    const measure = (cos: number, sin: number, radius: number, quarter: number, t: number): number => {
      const [c, s] = [Math.cos((Math.PI / 2) * t), Math.sin((Math.PI / 2) * t)];
      const [C, S] = [
        [1, 0],
        [0, 1],
        [-1, 0],
        [0, -1],
      ][quarter] as [number, number];
      return Math.max(Math.abs(cos - radius * (c * C - s * S)), Math.abs(sin - radius * (s * C + c * S)));
    };
    for (let i = 0; i < n; i += 2) {
      const [w0, w1, w2, w3] = words.subarray(2 * i, 2 * i + 4);
      const x = (w1! >>> 12) * 2 ** 32 + (((w1! << 20) | (w0! >>> 12)) >>> 0);
      const radius = Math.sqrt(-2 * Math.log((x + 0.5) * 2 ** -52));
      const fraction =
        (((w3! & 0x3fffffff) >>> 10) * 2 ** 32 + (((w3! << 22) | (w2! >>> 10)) >>> 0)) * 2 ** -52;
      worstWide = Math.max(worstWide, measure(wide[i]!, wide[i + 1]!, radius, w3! >>> 30, fraction - 0.5));
      // In float32 the uniform itself is rounded.
      const [v0, v1] = [words[i]!, words[i + 1]!];
      const r = Math.sqrt(-2 * Math.log(Math.fround(Math.fround(v0) + 0.5) * 2 ** -32));
      const error = measure(narrow[i]!, narrow[i + 1]!, r, v1 >>> 30, (v1 << 2) * 2 ** -32);
      worstNarrow = Math.max(worstNarrow, error / Math.max(1, r));
    }
    expect(worstWide).toBeLessThan(1.4e-15);
    expect(worstNarrow).toBeLessThan(2.7e-7);
  });

  it("hold normals with the moments and tails of a normal", () => {
    for (const Kind of KINDS) {
      for (const seed of [1, 2, 3]) {
        const z = createRng(seed).stream("moments").normals(new Kind(1_000_000));
        for (const error of momentErrors(z)) expect(Math.abs(error)).toBeLessThan(4);
        const far = mean(z.map((x) => Number(Math.abs(x) > 3)));
        expect(Math.abs(far - 0.0026998)).toBeLessThan(4 * Math.sqrt(0.0027 / z.length));
        let neighbours = 0;
        for (let i = 1; i < z.length; i++) neighbours += z[i]! * z[i - 1]!;
        expect(Math.abs(neighbours / Math.sqrt(z.length))).toBeLessThan(4);
      }
    }
  });

  it("hold uniforms, signs and integers that are fair", () => {
    const stream = createRng(5).stream("fair");
    const n = 600_000;
    for (const Kind of KINDS) {
      const u = stream.uniforms(new Kind(n));
      expect(u.every((x) => x > 0 && x < 1)).toBe(true);
      expect(Math.abs(mean(u) - 0.5)).toBeLessThan(4 * Math.sqrt(1 / 12 / n));
      expect(Math.abs(mean(stream.signs(new Kind(n))))).toBeLessThan(4 / Math.sqrt(n));
    }
    // A bound just above 2^31 would favour low values without rejection.
    const bound = 3 * 2 ** 30;
    const thirds = [0, 0, 0];
    for (const x of stream.integers(bound, n)) thirds[Math.floor(x / 2 ** 30)]! += 1;
    const chi = thirds.reduce((total, count) => total + (count - n / 3) ** 2 / (n / 3), 0);
    expect(chi).toBeLessThan(16);
    expect(stream.integers(1, 100).every((x) => x === 0)).toBe(true);
    expect(stream.integers(2 ** 32, 5)).toEqual(stream.words(5));
  });

  it("order items with every order equally likely", () => {
    const rng = createRng(9);
    const counts = new Map<string, number>();
    const draws = 24_000;
    for (let i = 0; i < draws; i++) {
      const order = rng.stream("orders", i).permutation(4).join();
      counts.set(order, (counts.get(order) ?? 0) + 1);
    }
    expect(counts.size).toBe(24);
    const chi = [...counts.values()].reduce((total, count) => total + (count - 1000) ** 2 / 1000, 0);
    expect(chi).toBeLessThan(60);
    const long = rng.stream("orders").permutation(1000);
    expect([...long].sort((a, b) => a - b)).toEqual(Array.from({ length: 1000 }, (_, i) => i));
    expect(rng.stream("orders").permutation(0)).toHaveLength(0);
  });

  it("put points on the sphere", () => {
    const rng = createRng(2);
    const mean = new Float64Array(3);
    for (let i = 0; i < 20_000; i++) {
      const point = rng.stream("sphere", i).sphere(3, 2);
      expect(Math.hypot(...point)).toBeCloseTo(2, 12);
      for (let k = 0; k < 3; k++) mean[k]! += point[k]! / 20_000;
    }
    for (const m of mean) expect(Math.abs(m)).toBeLessThan((4 * 2) / Math.sqrt(3 * 20_000));
    expect(rng.stream("sphere").sphere(new Float32Array(1))[0]).toBe(
      Math.sign(rng.stream("sphere").normals(new Float32Array(1))[0]!),
    );
  });

  it("take a perturbation back: with signs and powers of two, exactly after the first time", () => {
    const stream = (t: number) => createRng(4).stream("replay", t);
    const start = createRng(4)
      .stream("theta")
      .normals(new Float32Array(4096))
      .map((x) => x * 0.01);
    const theta = start.slice();
    const mu = 2 ** -7;
    for (let t = 0; t < 1000; t++) {
      for (const scale of [mu, -2 * mu, mu]) stream(t).perturb(theta, scale, { law: "sign" });
    }
    const norm = (x: Float32Array) => Math.sqrt(x.reduce((sum, v) => sum + v * v, 0));
    expect(norm(theta.map((x, i) => x - start[i]!)) / norm(start)).toBeLessThan(1e-7);
    const pieces = start.slice();
    for (let i = 0; i < 4096; i += 1000) {
      stream(1).perturb(pieces.subarray(i, i + 1000), 0.5, { offset: i });
    }
    expect(sameBits(pieces, stream(1).perturb(start.slice(), 0.5))).toBe(true);
  });

  it("say what is wrong with bad arguments", () => {
    const rng = createRng(1);
    const stream = rng.stream("bad");
    for (const bad of [
      () => createRng(-1),
      () => createRng(0.5),
      () => createRng(2 ** 53),
      () => createRng(1n << 64n),
      () => createRng(Number.NaN),
      () => rng.stream("a", -1),
      () => rng.stream("a", 2 ** 32),
      () => rng.stream("a", 0, 1.5),
      () => stream.words(-1),
      () => stream.normals(1.5),
      () => stream.normals(2, -1),
      () => stream.integers(0, 1),
      () => stream.integers(2 ** 32 + 1, 1),
      () => stream.sphere(0),
      () => stream.sphere(2, -1),
      () => stream.perturb(new Float64Array(1), Number.NaN),
      () => rng.draws("a").integer(2.5),
    ]) {
      expect(bad).toThrow(InvalidInput);
    }
  });
});

describe("draws", () => {
  it("read a stream in order, fairly", () => {
    const draws = createRng(1).draws("read", 2);
    const uniforms = createRng(1).stream("read", 2).uniforms(200);
    expect(Array.from({ length: 200 }, () => draws.uniform())).toEqual([...uniforms]);
    const again = createRng(1).draws("dice");
    const counts = new Uint32Array(6);
    for (let i = 0; i < 60_000; i++) counts[again.integer(6)]! += 1;
    const chi = counts.reduce((total, count) => total + (count - 10_000) ** 2 / 10_000, 0);
    expect(chi).toBeLessThan(25);
    expect(["a", "b"]).toContain(again.pick(["a", "b"]));
  });
});
