import { VmrigError, type CopySpec, type SnapshotName } from "vmrig/driver";
import { hasLabels, type Labels } from "./api/call/label-selector.ts";

/** Labels that Terraform sets on everything that it creates. */
export const RIG = "vmrig-rig";
export const COPY = "vmrig-copy";
export const OWNER = "vmrig-owner";
/** On servers. */
export const MACHINE = "vmrig-machine";
/** On servers and published images: the digest of the image. */
export const IMAGE = "vmrig-image";
/** On published images: `debian-13`. */
export const IMAGE_NAME = "vmrig-image-name";

/** On what a publish creates and removes again. The value says for what: `publish`. */
export const TEMPORARY = "vmrig-temporary";

/** Labels that vmrig changes by calls of the API. Terraform sets the first ones and then leaves them. */
export const FENCE = "vmrig-fence";
/** Digest of the image on the disk. */
export const DISK = "vmrig-disk";
/** Nonce of the first boot from this disk. */
export const BOOT = "vmrig-boot";
export const HOST_KEY = "vmrig-host-key";
export const DISCONNECTED = "vmrig-disconnected";
/** A value has room for two names, see {@link withSnapshots}. */
const SNAPSHOTS = [
  "vmrig-snapshots",
  "vmrig-snapshots-2",
  "vmrig-snapshots-3",
  "vmrig-snapshots-4",
];

/** Labels that Terraform ignores after it has created a server. */
export const OWN_LABELS: readonly string[] = [
  FENCE,
  DISK,
  BOOT,
  HOST_KEY,
  DISCONNECTED,
  ...SNAPSHOTS,
];

const MOST = 63;

export function rigLabels({ rig }: Pick<CopySpec, "rig">): Labels {
  return { [RIG]: rig };
}

export function copyLabels({ rig, copy }: Pick<CopySpec, "rig" | "copy">): Labels {
  return { [RIG]: rig, [COPY]: copy };
}

/** Whether a resource belongs to a copy. */
export function hasLabelsOf(copy: CopySpec, labels: Labels): boolean {
  return hasLabels({ labels }, copyLabels(copy));
}

/** Returns the largest fence that the API has seen for a server. */
export function fenceIn(labels: Labels): number {
  const text = labels[FENCE] ?? "0";
  // A label that a person edited must not let an older run through. Redis counts fences in
  // microseconds since 1970, which are 16 digits.
  const fence = /^\d{1,16}$/.test(text) ? Number(text) : Number.NaN;
  return Number.isSafeInteger(fence) ? fence : Number.POSITIVE_INFINITY;
}

/** Returns the snapshots of the disk. None when the config has another image than the disk. */
export function snapshotsIn(labels: Labels): readonly SnapshotName[] {
  if (labels[DISK] !== labels[IMAGE]) return [];
  return SNAPSHOTS.flatMap((key) => (labels[key] ?? "").split(".")).filter((name) => name !== "");
}

/**
 * Returns labels that list these snapshots. The names are in labels because a machine that is off
 * cannot be asked, and because what a guest says about its snapshots is not to be trusted.
 *
 * @throws VmrigError `FAULT_FAILED` if they do not fit
 */
export function withSnapshots(labels: Labels, names: readonly SnapshotName[]): Labels {
  const values: string[] = [];
  for (const name of names) {
    const last = values.at(-1);
    const joined = last === undefined ? name : `${last}.${name}`;
    if (last !== undefined && joined.length <= MOST) values[values.length - 1] = joined;
    else values.push(name);
  }
  if (values.length > SNAPSHOTS.length)
    throw new VmrigError("FAULT_FAILED", {
      message: `A machine in Hetzner Cloud cannot have ${names.length} snapshots.`,
      details: [`it has: ${names.join(", ")}`],
      hint: "take fewer checkpoints in one test file",
    });
  const others = Object.entries(labels).filter(([key]) => !SNAPSHOTS.includes(key));
  const listed = values.map((value, index): [string, string] => [SNAPSHOTS[index] ?? "", value]);
  return Object.fromEntries([...others, ...listed]);
}

/** Returns labels without these ones. */
export function without(labels: Labels, ...keys: readonly string[]): Labels {
  return Object.fromEntries(Object.entries(labels).filter(([key]) => !keys.includes(key)));
}
