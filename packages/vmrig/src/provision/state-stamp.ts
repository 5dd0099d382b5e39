import { access } from "node:fs/promises";
import type { CopySpec } from "../driver/driver.ts";
import { stateFiles } from "./state-files.ts";
import { readState } from "./state.ts";

/** Tells one state from another, and an old version of it from a new one. */
export interface StateStamp {
  /** Made by Terraform with the first version of a state; the same in all later ones. */
  readonly lineage: string;
  /** Grows with each version. */
  readonly serial: number;
  /** Stamped on every machine of this state. */
  readonly owner: string;
}

/**
 * Reads the stamp of a copy's local state. Cheap enough for every run: one file is read, neither
 * Terraform nor cdktf is touched.
 *
 * @returns nothing when the copy was never provisioned, or is destroyed
 * @throws VmrigError `STATE_LOST` when there is a state file that cannot be read
 */
export async function readStateStamp(copy: CopySpec): Promise<StateStamp | undefined> {
  const state = await readState(stateFiles(copy).state);
  if (state?.owner === undefined) return undefined;
  return { lineage: state.lineage, serial: state.serial, owner: state.owner };
}

/**
 * Whether a Terraform works on the copy's state, or was killed while it did. One that outlived its
 * gate may still make machines.
 */
export async function isStateLocked(copy: CopySpec): Promise<boolean> {
  return access(stateFiles(copy).lockInfo).then(
    () => true,
    () => false,
  );
}
