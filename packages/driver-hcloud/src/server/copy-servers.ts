import { VmrigError, type CopySpec, type MachineRef } from "vmrig/driver";
import type { Client } from "../api/call/client.ts";
import { listServers, type Server } from "../api/servers.ts";
import { copyLabels, MACHINE } from "../labels.ts";

/** Returns all servers with the labels of a copy, of every owner. */
export async function copyServers(
  client: Client,
  copy: CopySpec,
  signal?: AbortSignal,
): Promise<readonly Server[]> {
  return await listServers(client, { labels: copyLabels(copy), signal });
}

/**
 * Returns the server of a machine.
 *
 * @throws VmrigError `MACHINE_MISSING` without one, `STATE_LOST` if there are several
 */
export async function machineServer(
  client: Client,
  { copy, name }: MachineRef,
  signal?: AbortSignal,
): Promise<Server> {
  const labels = { ...copyLabels(copy), [MACHINE]: name };
  const [server, second] = await listServers(client, { labels, signal });
  if (server === undefined)
    throw new VmrigError("MACHINE_MISSING", {
      message: `Hetzner Cloud has no server for ${name} of ${copy.copy}.`,
      hint: "run again: the next run names the command that creates it again",
    });
  if (second !== undefined)
    throw new VmrigError("STATE_LOST", {
      message: `Hetzner Cloud has several servers for ${name} of ${copy.copy}.`,
      details: [server, second].map(({ id, name: title }) => `server ${id} "${title}"`),
      hint: "delete the one that is not in `vmrig state show` in the project's console",
    });
  return server;
}
