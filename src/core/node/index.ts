export { type FileContent, writeFileAtomic, writeLinesAtomic } from "./files.ts";
export { type LockOptions, withLock } from "./lock.ts";
export { sourceLoader } from "./source-loader.ts";
