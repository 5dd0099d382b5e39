import { VmrigError, type Authority, type LinkAction, type MachineRef } from "vmrig/driver";
import type { Client } from "../api/call/client.ts";
import type { Server } from "../api/servers.ts";
import type { RootShell } from "../guest/root-shell.ts";
import { DISCONNECTED, without } from "../labels.ts";
import { changeLabels, claimServer } from "./claimed-server.ts";
import { openPinned } from "./pinned-session.ts";
import { runAsRoot } from "./run-as-root.ts";

const SCRIPT_MS = 60_000;

/** `$1`: hardware address, `$2`: `up` or `down`. networkd asks for the address again by itself. */
const SET_LINK = `
for link in /sys/class/net/*; do
  [ "$(cat "$link/address")" = "$1" ] || continue
  exec ip link set dev "\${link##*/}" "$2"
done
echo "no interface has the address $1" >&2
exit 1
`;

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
  const server = await claimServer(client, ref, by);
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
    by,
  }: {
    readonly ref: MachineRef;
    readonly server: Server;
    readonly state: "up" | "down";
    readonly by: Authority;
  },
): Promise<void> {
  const [attached] = server.private_net;
  if (attached === undefined)
    throw new VmrigError("FAULT_FAILED", {
      message: `${ref.name} is not attached to the private network of ${ref.copy.copy}.`,
      hint: "it was detached outside vmrig: `vmrig up` shows what Terraform would change",
    });
  await runAsRoot(shell, SET_LINK, {
    args: [attached.mac_address, state],
    task: `switch the network of ${ref.name} ${state}`,
    timeoutMs: SCRIPT_MS,
    signal: by.signal,
  });
}
