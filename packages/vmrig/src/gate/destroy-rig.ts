import { copySpec } from "../config/copy-spec.ts";
import type { GateOptions } from "./gate.ts";
import { leaseCopy } from "./lease-copy.ts";
import { stepLine } from "./step-line.ts";
import { openStore } from "./store.ts";

export interface DestroyRigOptions extends Pick<GateOptions, "rig" | "folders" | "holder" | "say"> {
  /** The rig's name, as a person typed it. */
  readonly confirm: string;
  /** Leaves the line, or ends Terraform, when it aborts. */
  readonly signal: AbortSignal;
}

/**
 * Ends the machines of a rig for good, under its lease: those of Terraform's state, and those that the state has lost.
 *
 * @throws VmrigError `CONFIRMATION_MISSING` when `confirm` is not the rig's name; nothing was touched
 */
export async function destroyRig(options: DestroyRigOptions): Promise<readonly string[]> {
  const { rig, folders, say, confirm, signal } = options;
  const copy = await copySpec(rig, 1, folders);
  await using store = await openStore(rig, folders);
  await using lease = await leaseCopy({ ...options, copy, store });
  const { destroy } = await import("../provision/destroy.ts");
  const warrant = {
    fence: lease.fence,
    signal: AbortSignal.any([lease.signal, signal]),
    assertHeld() {
      lease.assertHeld();
      signal.throwIfAborted();
    },
  };
  const { destroyed } = await destroy({ driver: rig.driver, copy, warrant, confirm, say: (line) => say(stepLine(line)) });
  await store.dropRecord(lease);
  return destroyed;
}
