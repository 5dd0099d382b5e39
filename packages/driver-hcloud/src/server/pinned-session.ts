import { VmrigError, type Authority, type MachineRef } from "vmrig/driver";
import type { Server } from "../api/servers.ts";
import { secretIn } from "../keys.ts";
import { hostKeyIn, isHostKeyEdited } from "../host-key-label.ts";
import { HOST_KEY } from "../labels.ts";
import { openControl, type ControlSession } from "./control-session.ts";
import { publicAddress } from "./public-address.ts";

/** From the start of the firmware to sshd; emulated machines take a minute. */
export const BOOT_MS = 300_000;

/**
 * Logs in as root on a machine whose first boot has ended.
 *
 * @param options.timeoutMs how long a machine that boots is waited for. @defaultValue 300000
 * @throws VmrigError `MACHINE_UNREACHABLE`, `HOST_KEY_MISMATCH`, `LOGIN_REFUSED`
 */
export async function openPinned(
  server: Server,
  {
    ref,
    by,
    timeoutMs = BOOT_MS,
  }: { readonly ref: MachineRef; readonly by: Authority; readonly timeoutMs?: number },
): Promise<ControlSession> {
  const { id, name, labels } = server;
  const secret = secretIn(by);
  if (isHostKeyEdited(labels, { machine: ref.name, secret }))
    throw new VmrigError("HOST_KEY_MISMATCH", {
      message: `The label ${HOST_KEY} of server ${id} "${name}" is not as vmrig has set it, so the host key of ${ref.name} is unknown.`,
      details: [`label: ${labels[HOST_KEY]}`],
      hint: "it was edited outside vmrig: the recovery writes the machine's disk again, with a new host key",
    });
  const hostKey = hostKeyIn(labels);
  if (hostKey === undefined)
    throw new VmrigError("MACHINE_UNREACHABLE", {
      message: `The first boot of ${ref.name} has not ended, so its host key is unknown.`,
      hint: "run again: the next run finishes its first boot",
    });
  const host = publicAddress(server);
  return await openControl({
    ref,
    host,
    hostKey,
    secret,
    timeoutMs,
    signal: by.signal,
  });
}
