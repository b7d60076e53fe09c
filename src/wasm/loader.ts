import { embeddedKernels } from "./embedded.ts";
import { Kernels } from "./kernels.ts";

/** Which implementation computes: the WebAssembly SIMD kernels, or their plain-TypeScript twins (equal bits). */
export type KernelVariant = "wasm-simd" | "typescript";

/** The smallest module that uses SIMD: one function that splats and drops. */
const simdProbe = new Uint8Array([
  0, 97, 115, 109, 1, 0, 0, 0, 1, 4, 1, 96, 0, 0, 3, 2, 1, 0, 10, 9, 1, 7, 0, 65, 0, 253, 15, 26, 11,
]);

/** Compiles the kernels at most once, and hands out instances of them. */
export class KernelHost {
  #module: WebAssembly.Module | undefined;
  #refused = false;
  #shared: Kernels | undefined;

  /** The instance that all rooms share, or undefined where WebAssembly cannot be used (yet). */
  shared(): Kernels | undefined {
    if (this.#shared === undefined && !this.#refused) this.#shared = this.create();
    return this.#shared;
  }

  /** A new instance with its own memory, or undefined where WebAssembly cannot be used (yet). */
  create(): Kernels | undefined {
    if (this.#module === undefined && !this.#refused) {
      try {
        if (supportsSimd()) this.#module = new WebAssembly.Module(decode(embeddedKernels));
      } catch {
        // Compiling may be forbidden by a content security policy, or be too long for a browser's main
        // thread: the twins serve, and `ready` may still succeed.
      }
      this.#refused = this.#module === undefined;
    }
    return this.#module && new Kernels(this.#module);
  }

  variant(): KernelVariant {
    return this.shared() === undefined ? "typescript" : "wasm-simd";
  }

  /** Compiles in the background where compiling at once was refused. */
  async ready(): Promise<KernelVariant> {
    if (this.shared() === undefined && supportsSimd()) {
      try {
        this.#module = await WebAssembly.compile(decode(embeddedKernels));
        this.#refused = false;
      } catch {
        // WebAssembly is forbidden here: `variant` says so, and the twins give the same bits.
      }
    }
    return this.variant();
  }
}

const host = new KernelHost();

/** The shared kernels, or undefined where the plain-TypeScript twins serve. */
export function sharedKernels(): Kernels | undefined {
  return host.shared();
}

/** Kernels with a memory of their own, or undefined where the plain-TypeScript twins serve. */
export function createKernels(): Kernels | undefined {
  return host.create();
}

/** The implementation in use now; snapshots record it. */
export function kernelVariant(): KernelVariant {
  return host.variant();
}

/**
 * Resolves to the implementation in use once all has been tried. Only a browser's main thread needs it: there
 * the twins serve until it resolves, elsewhere the kernels are there at once.
 */
export function ready(): Promise<KernelVariant> {
  return host.ready();
}

function supportsSimd(): boolean {
  return typeof WebAssembly === "object" && WebAssembly.validate(simdProbe);
}

function decode(base64: string): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(atob(base64), (character) => character.charCodeAt(0));
}
