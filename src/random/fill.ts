import type { Kernels } from "../wasm/index.ts";
import type { StreamAddress } from "./address.ts";
import { Normals32, Normals64 } from "./box-muller.ts";
import { philox } from "./philox.ts";

/** Arrays of numbers that random values can be written to. */
export type Floats = Float32Array | Float64Array;

/** What is drawn: standard normals, or +1 and -1 with equal probability. */
export type Law = "normal" | "sign";

/** The two ways to compute elements `offset`, `offset + 1`, ... of a stream; both give the same bits. */
export interface Filler {
  words(out: Uint32Array, address: StreamAddress, offset: number): void;
  /** `out = scale * z`, or `out += scale * z` when `add`; for float32 `scale` must be a float32. */
  draw(law: Law, out: Floats, address: StreamAddress, offset: number, scale: number, add: boolean): void;
}

// ── plain TypeScript ─────────────────────────────────────────────────────────────────────────────

/** The twin of the kernels. */
export const typescriptFiller: Filler = {
  words(out, address, offset) {
    forEachBlock(address, offset, out.length, 4, (block, lane, i) => {
      out[i] = block[lane]!;
    });
  },

  draw(law, out, address, offset, scale, add) {
    const wide = out instanceof Float64Array;
    const round = wide ? (x: number) => x : Math.fround;
    const put = (i: number, z: number): void => {
      out[i] = add ? out[i]! + round(scale * z) : scale * z;
    };
    if (law === "sign") {
      forEachBlock(address, offset, out.length, 128, (block, lane, i) => {
        put(i, (block[lane >>> 5]! >>> (lane & 31)) & 1 ? -1 : 1);
      });
    } else if (wide) {
      const pair = new Normals64();
      forEachBlock(address, offset, out.length, 2, (block, lane, i, fresh) => {
        if (fresh) pair.draw(block[0]!, block[1]!, block[2]!, block[3]!);
        put(i, lane === 0 ? pair.cos : pair.sin);
      });
    } else {
      const pair = new Normals32();
      forEachBlock(address, offset, out.length, 4, (block, lane, i, fresh) => {
        if (fresh || lane === 2) pair.draw(block[lane & 2]!, block[(lane & 2) + 1]!);
        put(i, (lane & 1) === 0 ? pair.cos : pair.sin);
      });
    }
  },
};

/** Visits elements `offset` to `offset + count - 1`; `fresh` says that the element is the first seen of its block. */
function forEachBlock(
  { key0, key1, step, index }: StreamAddress,
  offset: number,
  count: number,
  perBlock: number,
  visit: (block: Uint32Array, lane: number, i: number, fresh: boolean) => void,
): void {
  const words = new Uint32Array(4);
  let block = Math.floor(offset / perBlock);
  let lane = offset - block * perBlock;
  for (let i = 0; i < count; block++, lane = 0) {
    philox(block, Math.floor(block / 2 ** 32), step, index, key0, key1, words);
    for (let fresh = true; lane < perBlock && i < count; lane++, i++, fresh = false) {
      visit(words, lane, i, fresh);
    }
  }
}

// ── kernels ──────────────────────────────────────────────────────────────────────────────────────

const CHUNK_BYTES = 65536;

/** Draws in the kernels' memory, a chunk at a time. */
export function kernelFiller(kernels: Kernels): Filler {
  const { run } = kernels;

  /** Runs a kernel that works on groups of blocks over any range of elements. */
  function chunks<T extends Uint32Array | Floats>(
    out: T,
    memory: T,
    offset: number,
    perBlock: number,
    blocks: number,
    add: boolean,
    kernel: (groups: number, block: bigint) => void,
  ): void {
    const size = out.BYTES_PER_ELEMENT;
    const start = kernels.base / size;
    const most = CHUNK_BYTES / size;
    let block = Math.floor(offset / perBlock);
    let skip = offset - block * perBlock;
    for (let done = 0; done < out.length; ) {
      const count = Math.min(out.length - done, most - skip);
      const target = memory.subarray(start + skip, start + skip + count);
      const source = out.subarray(done, done + count);
      if (add) target.set(source);
      kernel(Math.ceil((skip + count) / (blocks * perBlock)), BigInt(block));
      source.set(target);
      block += most / perBlock;
      done += count;
      skip = 0;
    }
  }

  return {
    words(out, { key0, key1, step, index }, offset) {
      const base = kernels.reserve(CHUNK_BYTES);
      chunks(out, kernels.uint32, offset, 4, 8, false, (groups, block) => {
        run.words(base, groups, key0, key1, block, step, index);
      });
    },

    draw(law, out, { key0, key1, step, index }, offset, scale, add) {
      const base = kernels.reserve(CHUNK_BYTES);
      const wide = out instanceof Float64Array;
      const [perBlock, blocks] = law === "sign" ? [128, 4] : [wide ? 2 : 4, 8];
      const fill = law === "sign" ? (wide ? run.signs64 : run.signs32) : wide ? run.normals64 : run.normals32;
      const memory = wide ? kernels.float64 : kernels.float32;
      chunks<Floats>(out, memory, offset, perBlock, blocks, add, (groups, block) => {
        fill(base, groups, key0, key1, block, step, index, scale, Number(add));
      });
    },
  };
}
