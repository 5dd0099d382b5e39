/** API for authors of drivers: the contract, the errors and the wait loop. */
export * from "./account.ts";
export * from "./authority.ts";
export * from "./driver.ts";
export * from "./inventory.ts";
export * from "./finding.ts";
export * from "./found-resource.ts";
export * from "./orphan.ts";
export * from "./lease-key.ts";
export * from "./rig-stack.ts";
export { canTakeOver, parseOrigin, type Origin } from "./origin.ts";
export { restoredLine } from "./restored-line.ts";
export { machineFolders } from "./machine-folders.ts";
export { machineExists } from "./machine-exists.ts";
export { readMachineRecord } from "./machine-record.ts";
export { passFence } from "./fence.ts";
export { withFileLock, fileLockHolder, type FileLockOptions } from "../local-files/file-lock.ts";
export { claimFolder, type FolderClaim } from "../local-files/folder-claim.ts";
export { refuseUseElsewhere, usedElsewhere } from "../local-files/folder-use.ts";
export { processIdentity } from "../local-files/identity-schema.ts";
export { identifyProcess, type ProcessIdentity } from "../local-files/process-identity.ts";
export { isNestedProcess } from "../local-files/place.ts";
export { recordedProcessState } from "../local-files/recorded-process.ts";
export {
  temporaryPath,
  writeJsonAtomically,
  writeTextAtomically,
} from "../local-files/atomic-write.ts";
export { explainWriteErrors } from "../local-files/explain-write-errors.ts";
export { VmrigError, isVmrigError, type ErrorFacts } from "../errors/vmrig-error.ts";
export { checkOptions, type OptionNames } from "../errors/check-options.ts";
export { CODES, type ErrorCode, type Fault } from "../errors/codes.ts";
export { waitFor, type Observation, type WaitOptions } from "../wait/wait-for.ts";
export { inTime, type InTimeOptions } from "../wait/in-time.ts";
export { systemClock, type Clock } from "../clock/clock.ts";
export { generateKeyPair, keyPairOf, type KeyPair } from "../ssh/keys.ts";
export * from "./ssh.ts";
