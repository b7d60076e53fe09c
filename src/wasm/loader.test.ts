import { execFileSync } from "node:child_process";
import { afterEach, describe, expect, it, vi } from "vitest";
import { KernelHost } from "./loader.ts";

afterEach(() => vi.unstubAllGlobals());

describe("the kernel loader", () => {
  it("has the kernels at once on Node", async () => {
    const host = new KernelHost();
    expect(host.variant()).toBe("wasm-simd");
    expect(await host.ready()).toBe("wasm-simd");
    expect(host.shared()).toBe(host.shared());
    expect(host.create()).not.toBe(host.create());
  });

  it("grows its memory and keeps the views whole", () => {
    const kernels = new KernelHost().create()!;
    const before = kernels.float64;
    const base = kernels.reserve(8);
    kernels.float64[base / 8] = 7;
    expect(kernels.reserve(50_000_000)).toBe(base);
    expect(before.length).toBe(0);
    expect(kernels.float64[base / 8]).toBe(7);
    expect(kernels.float64.byteLength).toBeGreaterThanOrEqual(base + 50_000_000);
    expect(() => kernels.reserve(2 ** 33)).toThrow(RangeError);
  });

  it("leaves the work to the twins where compiling is forbidden", async () => {
    const forbid = () => {
      throw new WebAssembly.CompileError("blocked by content security policy");
    };
    vi.stubGlobal("WebAssembly", { validate: () => true, Module: forbid, compile: async () => forbid() });
    const host = new KernelHost();
    expect(host.shared()).toBeUndefined();
    expect(await host.ready()).toBe("typescript");
  });

  it("compiles in the background where compiling at once is refused", async () => {
    const real = WebAssembly;
    const Module = () => {
      throw new RangeError("too large for the main thread");
    };
    vi.stubGlobal("WebAssembly", {
      validate: real.validate,
      compile: real.compile,
      Instance: real.Instance,
      Module,
    });
    const host = new KernelHost();
    expect(host.variant()).toBe("typescript");
    expect(await host.ready()).toBe("wasm-simd");
    expect(host.shared()).toBeDefined();
  });

  it("does without where there is no SIMD or no WebAssembly", async () => {
    vi.stubGlobal("WebAssembly", { validate: () => false });
    expect(await new KernelHost().ready()).toBe("typescript");
    vi.stubGlobal("WebAssembly", undefined);
    expect(await new KernelHost().ready()).toBe("typescript");
  });

  it("embeds exactly the bytes that the kernel sources compile to", () => {
    const output = execFileSync(process.execPath, ["kernels/build.mjs", "--check"], { encoding: "utf8" });
    expect(output).toContain("exactly");
  });
});
