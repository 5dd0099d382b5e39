import { VmrigError, type Authority, type PublicKey, type SnapshotName } from "vmrig/driver";
import { runScript, type Place } from "./run-script.ts";
import { CAPTURE } from "./script/capture-script.ts";
import { AUTHORIZE, DROP, LIST } from "./script/snapshot-scripts.ts";

/** A change of a machine, by the holder of its lease. */
export type Change = Place & Pick<Authority, "fence">;

/** A snapshot becomes a folder's name. A leading dot would be vmrig's own. */
const NAME = /^[A-Za-z0-9_][A-Za-z0-9._-]{0,99}$/;

/** @throws VmrigError `ROLLBACK_FAILED` for a name that cannot be a folder's */
export function checkName(machine: string, snapshot: SnapshotName): void {
  if (NAME.test(snapshot)) return;
  throw new VmrigError("ROLLBACK_FAILED", {
    message: `${machine} can have no snapshot named ${JSON.stringify(snapshot)}.`,
  });
}

/**
 * Captures the disk and the kernel's state as a snapshot, and replaces one of that name. Ends no
 * session.
 *
 * @throws VmrigError `FENCED`; `ROLLBACK_FAILED` for a full disk, and for btrfs subvolumes inside
 *   of the captured ones
 */
export async function capture(change: Change, snapshot: SnapshotName): Promise<void> {
  checkName(change.machine, snapshot);
  await runScript({ ...change, script: CAPTURE, task: `capture ${snapshot}`, args: [snapshot] });
}

/** Lists the complete snapshots. */
export async function list(place: Place): Promise<SnapshotName[]> {
  const { stdout } = await runScript({ ...place, script: LIST, task: "list its snapshots" });
  return stdout.split("\n").filter((name) => NAME.test(name));
}

/** Removes a snapshot. Succeeds when there is none. */
export async function drop(change: Change, snapshot: SnapshotName): Promise<void> {
  checkName(change.machine, snapshot);
  await runScript({ ...change, script: DROP, task: `drop ${snapshot}`, args: [snapshot] });
}

/** Authorizes the key of a lease on the running machine, and no key of another lease. */
export async function authorize(change: Change, key: PublicKey): Promise<void> {
  await runScript({
    ...change,
    script: AUTHORIZE,
    task: "authorize the key",
    args: [checkKey(change.machine, key)],
  });
}

/** @throws VmrigError `ROLLBACK_FAILED` for a key with options, a comment or a line break */
export function checkKey(machine: string, key: PublicKey): PublicKey {
  if (/^[a-z0-9@.-]+ [A-Za-z0-9+/]+={0,2}$/.test(key)) return key;
  throw new VmrigError("ROLLBACK_FAILED", {
    message: `${machine} cannot authorize a key that is no plain OpenSSH public key.`,
  });
}
