import { VmrigError, type Authority, type MachineRef } from "vmrig/driver";
import type { Labels } from "../api/call/label-selector.ts";
import type { Client } from "../api/call/client.ts";
import { updateServer, type Server } from "../api/servers.ts";
import { FENCE, fenceIn } from "../labels.ts";
import { machineServer } from "./copy-servers.ts";

/**
 * Claims the server of a machine for a lease: compares the fence with the label of the server, and
 * raises the label. Precedes every call of the API that changes the server. The API has no
 * compare-and-swap, so the fence inside the machine decides where both apply.
 *
 * @throws VmrigError `FENCED` if a later lease has claimed it; `MACHINE_MISSING`
 */
export async function claimServer(
  client: Client,
  ref: MachineRef,
  { fence, signal }: Authority,
): Promise<Server> {
  const server = await machineServer(client, ref, signal);
  const seen = fenceIn(server.labels);
  if (seen > fence)
    throw new VmrigError("FENCED", {
      message: `${ref.name} of ${ref.copy.copy} belongs to a later lease.`,
      details: [
        `fence of this lease: ${fence}`,
        `label ${FENCE} of server ${server.id}: ${server.labels[FENCE]}`,
      ],
      hint: "this run lost its lease: run again",
    });
  if (seen === fence) return server;
  return await setLabels(client, server, { ...server.labels, [FENCE]: `${fence}` }, signal);
}

/** Replaces the labels of a server. */
export async function setLabels(
  client: Client,
  server: Server,
  labels: Labels,
  signal?: AbortSignal,
): Promise<Server> {
  return await updateServer(client, { of: server, change: { labels }, signal });
}
