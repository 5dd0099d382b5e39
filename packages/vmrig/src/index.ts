/**
 * Exports the functions that a config calls and the types that a test uses. Importing this entry
 * point costs next to nothing.
 */
export { defineRig, type MachineName, type Register } from "./config/define-rig.ts";
export type { RigConfig, RollbackPolicy } from "./config/schema.ts";
export { VmrigError, isVmrigError } from "./errors/vmrig-error.ts";
export { CODES, type ErrorCode, type Fault } from "./errors/codes.ts";
export type { Machine } from "./machine/machine.ts";
export { CommandError } from "./machine/command/outcome/error.ts";
export type { CommandPromise, PipeOptions, PipePromise } from "./machine/command/command.ts";
export type { CommandResult } from "./machine/command/outcome/command-result.ts";
export type { CommandOptions, Input, Terminal } from "./machine/command/command-options.ts";
export type { KillSignal } from "./machine/command/kill-signal.ts";
export type { MachineFaults } from "./machine/faults/faults.ts";
export type { Checkpoint, Rig } from "./machine/faults/checkpoint.ts";
export type { FileStat, StatOptions } from "./machine/files/file-stat.ts";
export type { Forward } from "./machine/network/forward.ts";
export type { MachineNetwork } from "./machine/network/network.ts";
export type { MachineRequestInit } from "./machine/network/request.ts";
export type { Reverse, ReverseSocket } from "./machine/network/reverse.ts";
export type { Target } from "./machine/network/target.ts";
export type { MachineResources } from "./machine/resources/resources.ts";
export type { MachineWaits } from "./machine/waits/waits.ts";
export type {
  MachineFile,
  MkdirOptions,
  RecursiveOptions,
  RemoveOptions,
  WriteOptions,
} from "./machine/files/file.ts";
export type { Key } from "./machine/shell/key.ts";
export type { ScreenWaitOptions, ShellOptions, TypeOptions } from "./machine/shell/options.ts";
export type { Screen } from "./machine/shell/screen.ts";
export type { Shell, ShellExit } from "./machine/shell/shell.ts";
export type { FileEntry } from "./machine/files/entries.ts";
export type { LeftOut, TransferResult } from "./machine/files/transfer/result.ts";
export type {
  Progress,
  TransferOptions,
  UploadOptions,
} from "./machine/files/transfer/transfer-options.ts";
export type { TemporaryFolder } from "./machine/files/tmpdir.ts";
