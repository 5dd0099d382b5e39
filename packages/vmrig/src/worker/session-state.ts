import type { VmrigError } from "../errors/vmrig-error.ts";
import type { Grant } from "../protocol/messages.ts";
import type { MachineEpoch } from "./machine-epoch.ts";

/**
 * State of a claim session. Every state has the last known epoch: evidence is collected from
 * machines after a failure, too. `lost` and `released` are final.
 */
export type SessionState =
  /** The machines may be used. */
  | { readonly kind: "ready"; readonly epoch: MachineEpoch }
  /** A rollback runs; a caller that needs a machine waits for `done`. */
  | { readonly kind: "rollingBack"; readonly epoch: MachineEpoch; readonly done: Promise<void> }
  /** The state of the machines is unknown until the next rollback. */
  | { readonly kind: "failed"; readonly epoch: MachineEpoch; readonly reason: unknown }
  /** The lease is gone: another run may have the machines. */
  | { readonly kind: "lost"; readonly epoch: MachineEpoch; readonly reason: VmrigError }
  /** The test file has ended. */
  | { readonly kind: "released"; readonly epoch: MachineEpoch; readonly reason: VmrigError };

export type SessionEvent =
  | { readonly type: "rollbackStarted"; readonly done: Promise<void> }
  | { readonly type: "rolledBack"; readonly done: Promise<void>; readonly grant: Grant }
  | { readonly type: "rollbackFailed"; readonly done: Promise<void>; readonly reason: unknown }
  /** A power action or a restore failed halfway. */
  | { readonly type: "spoiled"; readonly reason: unknown }
  | { readonly type: "lost"; readonly reason: VmrigError }
  | { readonly type: "released"; readonly reason: VmrigError };

/** Returns the state after an event: the only function that moves a session between states. */
export function nextState(state: SessionState, event: SessionEvent): SessionState {
  if (state.kind === "lost" || state.kind === "released") return state;
  const { epoch } = state;
  switch (event.type) {
    case "lost":
    case "released":
      return { kind: event.type, epoch, reason: event.reason };
    case "rollbackStarted":
      return { kind: "rollingBack", epoch, done: event.done };
    case "rolledBack": {
      const fresh: MachineEpoch = { grant: event.grant, off: new Set() };
      return isNewest(state, event.done)
        ? { kind: "ready", epoch: fresh }
        : { ...state, epoch: fresh };
    }
    case "rollbackFailed":
      return isNewest(state, event.done) ? { kind: "failed", epoch, reason: event.reason } : state;
    case "spoiled":
      // The rollback that runs repairs it, or fails with its own reason.
      return state.kind === "rollingBack" ? state : { kind: "failed", epoch, reason: event.reason };
  }
}

/** Rollbacks run one after another; only the last one decides what comes after them. */
function isNewest(state: SessionState, done: Promise<void>): boolean {
  return state.kind !== "rollingBack" || state.done === done;
}
