export { randomFormat, type Seed } from "./address.ts";
export type { Draws } from "./draws.ts";
export type { Floats, Law } from "./fill.ts";
export { createRng, type Rng } from "./rng.ts";
export type { Stream } from "./stream.ts";
