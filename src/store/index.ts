export {
  type ArmHistory,
  type ArmRecord,
  type BanditChange,
  type BanditRecord,
  type ChoiceRecord,
  changeBandit,
  createBandit,
  findBandit,
  findChoices,
  listArmHistory,
  listArms,
  listBandits,
  openChoices,
  type StoredChoice,
} from "./bandits.ts";
export {
  addCertificate,
  type CertificateRecord,
  type CertifiedRule,
  listCertificates,
} from "./certificates.ts";
export { addDraft, type DraftRecord, findDraft } from "./drafts.ts";
export {
  addEdits,
  countEdits,
  type EditFilter,
  type EditGroup,
  type EditPage,
  type EditTotals,
  editCostHistogram,
  editDays,
  editGroups,
  editTotals,
  findEdit,
  listEdits,
  type NewEdit,
  type StoredEdit,
  type StoredMessage,
} from "./edits.ts";
export { type Forgotten, forgetUser } from "./forget.ts";
export { newId } from "./ids.ts";
export { exportLines, importLines } from "./jsonl.ts";
export { type Backend, SCHEMA } from "./migrations.ts";
export { listPolicies, type PolicyRecord, savePolicy } from "./policies.ts";
export {
  type RecordedOptions,
  type Recorder,
  type RecordOptions,
  recordRun,
  recordWork,
  type WorkOptions,
  type WorkOutcome,
} from "./record-run.ts";
export {
  addPoints,
  beginRun,
  deleteRun,
  endRun,
  findRun,
  isAlive,
  isResumable,
  listPoints,
  listRuns,
  loadSnapshot,
  type NewRun,
  type RunPoint,
  type RunProgress,
  type RunRecord,
  type RunStatus,
  requestStop,
  requireRun,
  saveSnapshot,
} from "./runs.ts";
export { DEFAULT_DATABASE, openStore, type Store, type StoreOptions } from "./store.ts";
export {
  createToken,
  findToken,
  listTokens,
  revokeToken,
  SCOPES,
  type Scope,
  type TokenRecord,
} from "./tokens.ts";
