import type { Admission, Authority, MachineRef, SnapshotName } from "vmrig/driver";
import type { Client } from "../api/call/client.ts";
export async function captureSnapshot(
  _c: Client,
  _o: { ref: MachineRef; snapshot: SnapshotName },
  _by: Authority,
): Promise<void> {
  throw new Error("TODO");
}
export async function restoreSnapshot(
  _c: Client,
  _o: { ref: MachineRef; snapshot: SnapshotName },
  _by: Admission,
): Promise<void> {
  throw new Error("TODO");
}
export async function dropSnapshot(
  _c: Client,
  _o: { ref: MachineRef; snapshot: SnapshotName },
  _by: Authority,
): Promise<void> {
  throw new Error("TODO");
}
