import type { Address, KernelExports } from "./exports.ts";

const PAGE = 65536;

/** One instance of the compiled kernels with its own memory, of which callers use everything above `base`. */
export class Kernels {
  readonly run: KernelExports;
  /** First free byte, a multiple of 64. */
  readonly base: Address;
  #bytes = new Uint8Array();
  #float32 = new Float32Array();
  #float64 = new Float64Array();
  #uint32 = new Uint32Array();

  constructor(module: WebAssembly.Module) {
    this.run = new WebAssembly.Instance(module).exports as unknown as KernelExports;
    this.base = (this.run.heapBase() + 63) & ~63;
    this.#view();
  }

  get float32(): Float32Array<ArrayBuffer> {
    return this.#float32;
  }

  get float64(): Float64Array<ArrayBuffer> {
    return this.#float64;
  }

  get uint32(): Uint32Array<ArrayBuffer> {
    return this.#uint32;
  }

  /**
   * Makes room for `bytes` bytes above `base`, and returns `base`. Growing detaches all earlier views.
   * @throws RangeError when the memory cannot grow so far (4 GiB is the most).
   */
  reserve(bytes: number): Address {
    const missing = this.base + bytes - this.#bytes.length;
    if (missing > 0) {
      this.run.memory.grow(Math.ceil(missing / PAGE));
      this.#view();
    }
    return this.base;
  }

  #view(): void {
    const buffer = this.run.memory.buffer;
    this.#bytes = new Uint8Array(buffer);
    this.#float32 = new Float32Array(buffer);
    this.#float64 = new Float64Array(buffer);
    this.#uint32 = new Uint32Array(buffer);
  }
}
