import {
  VmrigError,
  type Admission,
  type Authority,
  type MachineRef,
  type PowerAction,
} from "vmrig/driver";
import { awaitActions } from "../api/action/await-actions.ts";
import type { Client } from "../api/call/client.ts";
import { powerOff, requestShutdown } from "../api/server-actions.ts";
import { waitForServerStatus, type Server } from "../api/servers.ts";
import { letIn } from "./change.ts";
import { claimServer, refuseLaterLease, stillClaimed } from "./claimed-server.ts";
import { openPinned } from "./pinned-session.ts";
import { runningServer, settledServer } from "./running-server.ts";

/** From the press of the button; systemd gives a service 90 s to stop. */
const SHUTDOWN_MS = 150_000;
const POWER_MS = 120_000;

/** Changes the power state of a machine, see `Driver.power`. */
export async function power(
  client: Client,
  { ref, action }: { readonly ref: MachineRef; readonly action: PowerAction },
  by: Admission,
): Promise<void> {
  const { signal } = by;
  const server = await settledServer(client, await claimServer(client, ref, by), signal);
  refuseLaterLease(server, by.fence);
  switch (action) {
    case "crash":
      return await cutPower(client, server, signal);
    case "off":
      return await shutDown(client, { ref, server, signal });
    case "on":
      return await switchOn(client, { ref, server, by });
    case "reboot":
      if (server.status === "off")
        throw new VmrigError("MACHINE_OFF", {
          message: `${ref.name} is off, so it cannot reboot.`,
          hint: "use `start()`",
        });
      await shutDown(client, { ref, server, signal });
      return await switchOn(client, { ref, server, by });
  }
}

/** Switches a machine off for `vmrig down`: without data loss, if its system still reacts. */
export async function stop(client: Client, ref: MachineRef, by: Authority): Promise<void> {
  const { signal, say } = by;
  const server = await settledServer(client, await claimServer(client, ref, by), signal);
  refuseLaterLease(server, by.fence);
  try {
    await shutDown(client, { ref, server, signal });
  } catch (error) {
    signal.throwIfAborted();
    say?.(`stop     ${ref.name}: cutting its power, because it does not shut down`);
    await stillClaimed(client, server, by);
    await cutPower(client, server, signal).catch(() => {
      throw error;
    });
  }
}

async function cutPower(client: Client, of: Server, signal: AbortSignal): Promise<void> {
  if (of.status === "off") return;
  const actions = await powerOff(client, { of, signal });
  const task = `switch the server "${of.name}" off`;
  await awaitActions(client, { actions, task, timeoutMs: POWER_MS, signal });
}

interface OneServer {
  readonly ref: MachineRef;
  readonly server: Server;
}

/** The action of the API only presses the button, so the status tells when the machine is off. */
async function shutDown(
  client: Client,
  { ref, server: of, signal }: OneServer & { readonly signal: AbortSignal },
): Promise<void> {
  if (of.status === "off") return;
  const actions = await requestShutdown(client, { of, signal });
  const task = `shut the server "${of.name}" down`;
  await awaitActions(client, { actions, task, timeoutMs: POWER_MS, signal });
  try {
    await waitForServerStatus(client, { of, status: "off", timeoutMs: SHUTDOWN_MS, signal });
  } catch (cause) {
    signal.throwIfAborted();
    throw new VmrigError("MACHINE_UNREACHABLE", {
      message: `${ref.name} did not shut down within ${SHUTDOWN_MS / 1000} s.`,
      hint: "its system hangs, or a service does not stop; `crash()` cuts its power",
      cause,
    });
  }
}

async function switchOn(
  client: Client,
  { ref, server, by }: OneServer & { readonly by: Admission },
): Promise<void> {
  const running = await runningServer(
    client,
    await settledServer(client, server, by.signal),
    by.signal,
  );
  await using session = await openPinned(running, { ref, by });
  await letIn(session, { ref, by });
}
