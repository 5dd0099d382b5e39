import { VmrigError, type Authority, type LinkAction, type MachineRef } from "vmrig/driver";
import type { Client } from "../api/call/client.ts";
import type { Server } from "../api/servers.ts";
import { setGuestLink } from "../guest/link.ts";
import type { RootShell } from "../guest/root-shell.ts";
import { DISCONNECTED, without } from "../labels.ts";
import { changeOf } from "./change.ts";
import { changeLabels, claimServer } from "./claimed-server.ts";
import { openPinned } from "./pinned-session.ts";
import { runsOrIsOff } from "./running-server.ts";

/**
 * Disconnects a machine from the private network of its copy, or connects it. The API could detach
 * the server, but Terraform would attach it again, with another interface.
 *
 * @throws VmrigError `MACHINE_OFF`
 */
export async function setMachineLink(
  client: Client,
  { ref, action }: { readonly ref: MachineRef; readonly action: LinkAction },
  by: Authority,
): Promise<void> {
  const server = await runsOrIsOff(client, await claimServer(client, ref, by), by.signal);
  if (server.status !== "running")
    throw new VmrigError("MACHINE_OFF", {
      message: `${ref.name} is off, so its network cannot be switched.`,
    });
  await using session = await openPinned(server, { ref, by });
  if (action === "connect") {
    await setLink(session, { ref, server, state: "up", by });
    await noteConnected(client, server, by);
    return;
  }
  await changeLabels(client, server, (labels) => ({ ...labels, [DISCONNECTED]: "yes" }), by);
  await setLink(session, { ref, server, state: "down", by });
}

/** Removes the note that a machine is disconnected. */
export async function noteConnected(
  client: Client,
  server: Server,
  by: Authority,
): Promise<Server> {
  if (server.labels[DISCONNECTED] === undefined) return server;
  return await changeLabels(client, server, (labels) => without(labels, DISCONNECTED), by);
}

/** Switches the interface of the private network. */
export async function setLink(
  shell: RootShell,
  {
    ref,
    server,
    state,
    restoring = false,
    by,
  }: {
    readonly ref: MachineRef;
    readonly server: Server;
    readonly state: "up" | "down";
    /** Whether a restore of the machine follows. */
    readonly restoring?: boolean;
    readonly by: Authority;
  },
): Promise<void> {
  const [attached] = server.private_net;
  if (attached === undefined)
    throw new VmrigError("FAULT_FAILED", {
      message: `${ref.name} is not attached to the private network of ${ref.copy.copy}.`,
      hint: "it was detached outside vmrig: `vmrig up` shows what Terraform would change",
    });
  await setGuestLink(changeOf(ref, shell, by), {
    mac: attached.mac_address,
    to: state,
    restoring,
  });
}
