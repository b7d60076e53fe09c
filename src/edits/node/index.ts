export { readEditLogFile, readExportFile, writeExportFile } from "./files.ts";
