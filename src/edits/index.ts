export {
  type CostOptions,
  costDefinition,
  type EditCosts,
  editCost,
  editCosts,
  type Normalize,
} from "./cost.ts";
export {
  checkExport,
  type Exclusion,
  type ExportOptions,
  type ExportReport,
  exportLines,
} from "./exports/export.ts";
export type { CarriedRecord, EditFormat, FormatKind } from "./exports/format.ts";
export { EDIT_FORMATS, editFormat } from "./exports/formats.ts";
export { type ImportedFile, type ImportReject, importFormat } from "./exports/import.ts";
export { type Redact, type RedactedField, redactRecord } from "./exports/redact.ts";
export { FIELD_ALIASES, type FieldMap, type FieldRole, parseFieldMap } from "./fields.ts";
export {
  type EditLog,
  type LogWarning,
  parseEditLog,
  type ReadOptions,
  type Reject,
  type RejectCode,
  readEditLog,
  requireRecords,
} from "./reader.ts";
export {
  type ChatMessage,
  type Context,
  comparable,
  comparableRecord,
  contextKey,
  contextText,
  type EditRecord,
  isEdited,
} from "./record.ts";
export { type Tokenize, tokenizeWords } from "./tokens.ts";
export { type Truncation, truncation } from "./truncation.ts";
