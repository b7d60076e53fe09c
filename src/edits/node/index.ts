export {
  clearStale,
  type Derived,
  listDerived,
  markStale,
  recordDerived,
  type Staleness,
  staleness,
} from "./derived.ts";
export { readEditLogFile, readExportFile, writeExportFile } from "./files.ts";
