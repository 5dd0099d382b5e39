import {
  VmrigError,
  type Admission,
  type Authority,
  type MachineRef,
  type SnapshotName,
} from "vmrig/driver";
import type { Client } from "../api/call/client.ts";
import type { Labels } from "../api/call/label-selector.ts";
import { restore } from "../guest/restore.ts";
import { capture, drop, list } from "../guest/snapshots.ts";
import { DISCONNECTED, snapshotsIn, withSnapshots } from "../labels.ts";
import { changeOf } from "./change.ts";
import { changeLabels, claimServer } from "./claimed-server.ts";
import { keptSnapshots } from "./kept-snapshots.ts";
import { noteConnected, setLink } from "./link.ts";
import { BOOT_MS, openPinned } from "./pinned-session.ts";
import { RestoreSessions } from "./restore-sessions.ts";
import { runningServer, runsOrIsOff } from "./running-server.ts";

export interface OneSnapshot {
  readonly ref: MachineRef;
  readonly snapshot: SnapshotName;
}

/** Takes a snapshot of a running machine, see `Driver.capture`. */
export async function captureSnapshot(
  client: Client,
  { ref, snapshot }: OneSnapshot,
  by: Authority,
): Promise<void> {
  const server = await runsOrIsOff(client, await claimServer(client, ref, by), by.signal);
  if (server.status !== "running")
    throw new VmrigError("MACHINE_OFF", {
      message: `${ref.name} is off, so it cannot be captured.`,
    });
  const names = keptSnapshots(snapshotsIn(server.labels), snapshot);
  const listed = (labels: Labels): Labels => withSnapshots(labels, names);
  listed(server.labels);
  await using session = await openPinned(server, { ref, by });
  const change = changeOf(ref, session, by);
  await capture(change, snapshot);
  await changeLabels(client, server, listed, by);
  // Also what a killed run left, and what was dropped while the machine was off.
  for (const old of await list(change)) if (!names.includes(old)) await drop(change, old);
}

/** Enters a snapshot, see `Driver.restore`. */
export async function restoreSnapshot(
  client: Client,
  { ref, snapshot }: OneSnapshot,
  by: Admission,
): Promise<void> {
  const { signal, say } = by;
  // 1. Claim it.
  const claimed = await claimServer(client, ref, by);
  const names = snapshotsIn(claimed.labels);
  if (!names.includes(snapshot)) throw noSnapshot(ref, snapshot, names);
  // 2. Make it run, and log in.
  const server = await runningServer(client, claimed, signal);
  await using sessions = new RestoreSessions(client, server, { ref, by });
  const shell = await (claimed.status === "running"
    ? sessions.openOrReset()
    : sessions.openStarted());
  if (server.labels[DISCONNECTED] !== undefined)
    await setLink(shell, { ref, server, state: "up", restoring: true, by });
  // 3. Enter the snapshot.
  const { because } = await restore({
    ...changeOf(ref, shell, by),
    snapshot,
    authorize: by.authorize,
    reconnect: (enough) => sessions.reconnect(enough),
    enterMs: BOOT_MS,
  });
  if (because.length > 0) say?.(`rollback ${ref.name}: full reboot, because ${because.join("; ")}`);
  await noteConnected(client, server, by);
}

/** Deletes a snapshot, see `Driver.drop`. That of a machine that is off stays on its disk. */
export async function dropSnapshot(
  client: Client,
  { ref, snapshot }: OneSnapshot,
  by: Authority,
): Promise<void> {
  const server = await claimServer(client, ref, by);
  const names = snapshotsIn(server.labels);
  if (!names.includes(snapshot)) return;
  const left = names.filter((name) => name !== snapshot);
  await changeLabels(client, server, (labels) => withSnapshots(labels, left), by);
  if (server.status !== "running") return;
  await using session = await openPinned(server, { ref, by });
  await drop(changeOf(ref, session, by), snapshot);
}

function noSnapshot(
  { name }: MachineRef,
  snapshot: SnapshotName,
  names: readonly SnapshotName[],
): VmrigError {
  return new VmrigError("ROLLBACK_FAILED", {
    message: `${name} has no snapshot "${snapshot}".`,
    details: [`available: ${names.join(", ") || "none"}`],
  });
}
