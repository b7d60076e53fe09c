/** What the runtime's worker thread and its owner say to each other. */

import type { Tensors } from "../runtimes/runtime.ts";

/** What the worker is started with. */
export interface WorkerSettings {
  readonly threads: number;
  readonly spinning: boolean;
  readonly optimisation: "disabled" | "basic" | "extended" | "all";
}

/** A call; the worker answers each with a Reply of the same id. */
export type Call =
  | { readonly id: number; readonly kind: "load"; readonly model: Uint8Array }
  | { readonly id: number; readonly kind: "write"; readonly tensors: Tensors }
  | {
      readonly id: number;
      readonly kind: "run";
      readonly feeds: Tensors;
      readonly fetch: readonly string[];
      readonly carry: Readonly<Record<string, string>>;
    }
  | { readonly id: number; readonly kind: "read"; readonly names: readonly string[] }
  | { readonly id: number; readonly kind: "close" };

/** Ends a call that has not begun. */
export interface Cancel {
  readonly kind: "cancel";
  readonly id: number;
}

/** What a load answers. */
export interface Loaded {
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
}

export type Reply =
  | { readonly id: number; readonly result: Loaded | Tensors | undefined }
  | {
      readonly id: number;
      readonly error: { readonly name: string; readonly code: string; readonly message: string };
    };
