/** What the adapter of a test runner needs: the gate's process, its client, and the machines that it hands out. */
export { findConfig } from "./config/load.ts";
export { spawnGate, type GateProcess, type SpawnGateOptions } from "./gate/spawn.ts";
export { connectGate, type GateClient } from "./gate/client.ts";
export { claimMachines, type Claim } from "./gate/claim.ts";
export type { Welcome } from "./gate/messages.ts";
export { ROLLBACK_POLICIES, type RollbackPolicy } from "./config/schema.ts";
export { asVmrigError } from "./errors/vmrig-error.ts";
export { fromErrorJson, toErrorJson, type ErrorJson } from "./errors/error-json.ts";
export { openFolders, type Folders } from "./config/folders.ts";
