export { type EmitOptions, emitOnnx } from "./emit.ts";
