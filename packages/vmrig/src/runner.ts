/**
 * Exports the functions that a test runner's adapter needs in the runner's main process. The module
 * is light because the runner loads it before its first worker starts.
 */
export { findConfig } from "./config/load.ts";
export { openFolders, type Folders } from "./config/folders.ts";
export type { RollbackPolicy, Strict } from "./config/schema.ts";
export { checkOptions, type OptionNames } from "./errors/check-options.ts";
export { toErrorJson, type ErrorJson } from "./errors/error-json.ts";
export { asVmrigError } from "./errors/vmrig-error.ts";
export type { GateClient } from "./protocol/gate-client.ts";
export type { Paused } from "./protocol/messages.ts";
export { spawnGate, type GateProcess, type SpawnGateOptions } from "./launcher/spawn-gate.ts";
