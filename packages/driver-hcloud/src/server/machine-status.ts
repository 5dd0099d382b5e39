import type { CopySpec, Inventory, MachineStatus, PowerState } from "vmrig/driver";
import type { Client } from "../api/call/client.ts";
import type { Server } from "../api/servers.ts";
import { hostKeyIn } from "../host-key-label.ts";
import { DISCONNECTED, MACHINE, OWNER, snapshotsIn } from "../labels.ts";
import { copyServers } from "./copy-servers.ts";

/** Port of sshd, which no firewall rule of another port would let through. */
export const SSH_PORT = 22;

/** Lists the machines of a copy, in one request. */
export async function copyInventory(
  client: Client,
  copy: CopySpec,
  signal?: AbortSignal,
): Promise<Inventory> {
  const servers = await copyServers(client, copy, signal);
  const found = servers.map(machineStatus);
  const absent = copy.machines
    .filter(({ name }) => !found.some((machine) => machine.name === name))
    .map(({ name }) => ({ name, power: "absent" as const, snapshots: [] }));
  return { machines: [...found, ...absent] };
}

function machineStatus(server: Server): MachineStatus {
  const { id, name, labels, public_net } = server;
  const power = powerOf(server);
  const hostKey = hostKeyIn(labels);
  const owner = labels[OWNER];
  const host = public_net.ipv4?.ip;
  return {
    name: labels[MACHINE] ?? name,
    power,
    ...(power === "running" && host !== undefined && { address: { host, port: SSH_PORT } }),
    ...(hostKey !== undefined && { hostKey }),
    ...(owner !== undefined && { owner }),
    snapshots: snapshotsIn(labels),
    ...(labels[DISCONNECTED] !== undefined && { disconnected: true }),
    location: `server ${id} "${name}"`,
  };
}

/**
 * A server that starts, stops, migrates or is rebuilt is not off: a login waits for it, and
 * `vmrig down` must not pass it over.
 */
function powerOf({ status }: Server): PowerState {
  return status === "deleting" ? "absent" : status === "off" ? "off" : "running";
}
