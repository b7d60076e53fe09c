export { type DurableEditLog, type EditLogOptions, type Generation, openEditLog } from "./edit-log.ts";
