export { type FileContent, writeFileAtomic, writeLinesAtomic } from "./files.ts";
export { type LockOptions, lockFile, withLock } from "./lock.ts";
export { sourceLoader } from "./source-loader.ts";
