import { VmrigError, type Authority, type MachineRef } from "vmrig/driver";
import type { Labels } from "../api/call/label-selector.ts";
import type { Client } from "../api/call/client.ts";
import { readServer, updateServer, type Server } from "../api/servers.ts";
import { FENCE, fenceIn } from "../labels.ts";
import { machineServer } from "./copy-servers.ts";
import { goneServer } from "./running-server.ts";

type Claim = Pick<Authority, "fence" | "signal">;

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
  { fence, signal }: Claim,
): Promise<Server> {
  const server = await machineServer(client, ref, signal);
  refuseLaterLease(server, fence);
  if (fenceIn(server.labels) === fence) return server;
  const labels = { ...server.labels, [FENCE]: `${fence}` };
  return await updateServer(client, { of: server, change: { labels }, signal });
}

/**
 * Reads a claimed server again. Precedes a change that comes a while after the claim: this computer
 * may have slept, and lost its lease without a notice.
 *
 * @throws VmrigError `FENCED` if a later lease has claimed it since; `MACHINE_MISSING`
 */
export async function stillClaimed(
  client: Client,
  of: Server,
  { fence, signal }: Claim,
): Promise<Server> {
  const server = await readServer(client, { id: of.id, signal });
  if (server === undefined) throw goneServer(of);
  refuseLaterLease(server, fence);
  return server;
}

/**
 * Changes labels of a claimed server. The API replaces all of them, so they are read again before.
 *
 * @throws VmrigError as {@link stillClaimed}
 */
export async function changeLabels(
  client: Client,
  of: Server,
  change: (labels: Labels) => Labels,
  by: Claim,
): Promise<Server> {
  const server = await stillClaimed(client, of, by);
  const labels = change(server.labels);
  return await updateServer(client, { of: server, change: { labels }, signal: by.signal });
}

/** @throws VmrigError `FENCED` if the label of the server says that a later lease has it */
export function refuseLaterLease({ id, name, labels }: Server, fence: number): void {
  const seen = fenceIn(labels);
  if (seen <= fence) return;
  throw new VmrigError("FENCED", {
    message: `Server ${id} "${name}" belongs to a later lease.`,
    details: [`fence of this lease: ${fence}`, `label ${FENCE}: ${labels[FENCE]}`],
    hint: Number.isFinite(seen)
      ? "this run lost its lease: run again"
      : `the label ${FENCE} is no number, so it was edited: set it to 0 in the cloud's console`,
  });
}
