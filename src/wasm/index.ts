export type { Address, KernelExports } from "./exports.ts";
export { Kernels } from "./kernels.ts";
export { createKernels, type KernelVariant, kernelVariant, ready, sharedKernels } from "./loader.ts";
