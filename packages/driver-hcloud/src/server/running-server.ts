import { VmrigError, waitFor } from "vmrig/driver";
import { awaitActions } from "../api/action/await-actions.ts";
import type { Client } from "../api/call/client.ts";
import { powerOn } from "../api/server-actions.ts";
import { readServer, type Server } from "../api/servers.ts";

/** Longest time of an action that the cloud has begun: creation from a snapshot took 15 minutes. */
const SETTLE_MS = 1_800_000;
const START_MS = 300_000;

/**
 * Waits until no action holds a server and it runs or is off.
 *
 * @throws VmrigError `MACHINE_MISSING` if it is gone; `CLOUD_ACTION_FAILED` at the deadline
 */
export function settledServer(client: Client, of: Server, signal: AbortSignal): Promise<Server> {
  return waitFor({
    what: "its actions to end",
    on: `server ${of.id} "${of.name}"`,
    timeoutMs: SETTLE_MS,
    intervalMs: 2_000,
    clock: client.clock,
    code: "CLOUD_ACTION_FAILED",
    signal,
    async probe(signal) {
      const server = await readServer(client, { id: of.id, signal });
      if (server === undefined) throw goneServer(of);
      const { status, locked } = server;
      if (!locked && (status === "running" || status === "off")) return { value: server };
      return { seen: locked ? `${status}, held by an action` : status };
    },
  });
}

/**
 * Returns a server that runs or is off, for a change that only a running one takes. A server that
 * starts or migrates is waited for.
 */
export async function runsOrIsOff(
  client: Client,
  of: Server,
  signal: AbortSignal,
): Promise<Server> {
  return of.status === "running" || of.status === "off"
    ? of
    : await settledServer(client, of, signal);
}

/** Returns a server that runs, and starts it if it is off. */
export async function runningServer(
  client: Client,
  of: Server,
  signal: AbortSignal,
): Promise<Server> {
  const server =
    of.status === "running" && !of.locked ? of : await settledServer(client, of, signal);
  if (server.status === "running") return server;
  const task = `start the server "${server.name}"`;
  const actions = await powerOn(client, { of: server, signal });
  await awaitActions(client, { actions, task, timeoutMs: START_MS, signal });
  return await settledServer(client, server, signal);
}

/** Creates the error of a server that was there before. */
export function goneServer({ id, name }: Server): VmrigError {
  return new VmrigError("MACHINE_MISSING", {
    message: `Hetzner Cloud has no server ${id} "${name}" any more.`,
    hint: "it was deleted outside vmrig: run again to see what to do",
  });
}
