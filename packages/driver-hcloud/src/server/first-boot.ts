import {
  isVmrigError,
  VmrigError,
  type Admission,
  type MachineRef,
  type PublicKey,
} from "vmrig/driver";
import type { Client } from "../api/call/client.ts";
import type { Server } from "../api/servers.ts";
import { enterNextHostKey, makeNextHostKey } from "../guest/host-key.ts";
import { firstHostKey, secretIn } from "../keys.ts";
import { hostKeyIn, hostKeyLabel, isHostKeyEdited } from "../host-key-label.ts";
import { BOOT, DISK, HOST_KEY, IMAGE } from "../labels.ts";
import { changeLabels, claimServer } from "./claimed-server.ts";
import { changeOf, letIn } from "./change.ts";
import { openControl, type ControlSession } from "./control-session.ts";
import { isLetIn } from "./is-let-in.ts";
import { publicAddress } from "./public-address.ts";
import { rewriteDisk } from "./rewrite-disk.ts";
import { runningServer } from "./running-server.ts";
import { runAsRoot } from "./run-as-root.ts";
import { replaceCommand, shutOut } from "./shut-out.ts";

/** From the start of the firmware to the end of cloud-init; emulated machines take minutes. */
const BOOT_MS = 600_000;

/** It may take as long as the boot. Later scripts hold the machine's lock only for a moment. */
const AWAIT_CLOUD_INIT = "cloud-init status --wait > /dev/null 2>&1 || true\n";

/** What a disk that is written again may remedy. */
const OF_THE_DISK: ReadonlySet<string> = new Set(["MACHINE_UNREACHABLE", "ROLLBACK_FAILED"]);

/**
 * Makes a new machine usable: writes the image of the config if the disk has another one, waits for
 * its first boot, replaces the host key of the first boot, and authorizes the lease's key. A call
 * that was cut is finished by the next one.
 *
 * @param options.bootMs how long a boot is waited for. @defaultValue 600000
 * @throws VmrigError `MACHINE_UNREACHABLE` at the deadline; `CLOUD_UNREACHABLE` if no other machine
 *   answers this computer; `FENCED`; the faults of the cloud
 */
export async function firstBoot(
  client: Client,
  ref: MachineRef,
  by: Admission,
  { bootMs = BOOT_MS }: { readonly bootMs?: number } = {},
): Promise<void> {
  const { signal } = by;
  const boot = { ref, by, bootMs };
  // 1. Claim it, and make it run from the right disk.
  let server = await claimServer(client, ref, by);
  if (server.labels[DISK] !== server.labels[IMAGE] || isHostKeyLost(server, boot)) {
    by.say?.(`boot     ${ref.name}: writing the image ${server.labels[IMAGE]} to its disk`);
    server = await rewriteDisk(client, server, { ref, by });
  }
  // 2. Go through its first boot. A disk that does not boot is written once more.
  try {
    return await bootOnce(client, await runningServer(client, server, signal), boot);
  } catch (error) {
    signal.throwIfAborted();
    if (!isVmrigError(error) || !OF_THE_DISK.has(error.code)) throw error;
    // It may be this computer that is shut out.
    if (!(await isLetIn(client, ref.copy, signal))) throw shutOut(ref, "at its first boot", error);
    by.say?.(`boot     ${ref.name}: writing its image again, because ${error.summary}`);
  }
  server = await rewriteDisk(client, await claimServer(client, ref, by), { ref, by });
  try {
    await bootOnce(client, await runningServer(client, server, signal), boot);
  } catch (error) {
    signal.throwIfAborted();
    if (!isVmrigError(error) || !OF_THE_DISK.has(error.code)) throw error;
    throw new VmrigError("MACHINE_UNREACHABLE", {
      message: `${ref.name} of ${ref.copy.copy} does not get through its first boot, also not with its image written again.`,
      details: [error.summary, ...error.details],
      hint: `replace it: ${replaceCommand(ref)}`,
      cause: error,
    });
  }
}

async function bootOnce(client: Client, server: Server, boot: Boot): Promise<void> {
  const { ref, by } = boot;
  // 1. Pin a host key that nothing else knows.
  const pinned = hostKeyIn(server.labels) ?? (await makeHostKey(client, server, boot));
  await using session = await enterHostKey(server, { ...boot, pinned });
  // 2. Let the lease in.
  await letIn(session, { ref, by });
}

/**
 * Whether a person removed or edited the labels that vmrig knows a host key by. No test has had the
 * disk.
 */
function isHostKeyLost({ labels }: Server, { ref, by }: Boot): boolean {
  if (isHostKeyEdited(labels, { machine: ref.name, secret: secretIn(by) })) return true;
  return hostKeyIn(labels) === undefined && labels[BOOT] === undefined;
}

interface Boot {
  readonly ref: MachineRef;
  readonly by: Admission;
  readonly bootMs: number;
}

async function makeHostKey(client: Client, server: Server, boot: Boot): Promise<PublicKey> {
  await using session = await openFirst(server, boot);
  const { ref, by, bootMs } = boot;
  await runAsRoot(session, AWAIT_CLOUD_INIT, {
    task: `wait for cloud-init on ${ref.name}`,
    timeoutMs: bootMs,
    signal: by.signal,
  });
  const made = await makeNextHostKey(changeOf(ref, session, by));
  const label = hostKeyLabel(made, { machine: ref.name, secret: secretIn(by) });
  // Before the machine uses it: a run that is killed in between must still find the machine.
  await changeLabels(client, server, (labels) => ({ ...labels, [HOST_KEY]: label }), by);
  return made;
}

/** Logs in with the pinned host key. A machine that has not entered it yet does so. */
async function enterHostKey(
  server: Server,
  { pinned, ...boot }: Boot & { readonly pinned: PublicKey },
): Promise<ControlSession> {
  const { ref, by, bootMs } = boot;
  const open = (): Promise<ControlSession> =>
    openControl({
      ref,
      host: publicAddress(server),
      hostKey: pinned,
      secret: secretIn(by),
      timeoutMs: bootMs,
      signal: by.signal,
    });
  try {
    return await open();
  } catch (error) {
    if (!isVmrigError(error) || error.code !== "HOST_KEY_MISMATCH") throw error;
  }
  {
    await using session = await openFirst(server, boot);
    await enterNextHostKey(changeOf(ref, session, by), pinned);
  }
  return await open();
}

/** Logs in with the host key of the first boot. */
async function openFirst(server: Server, { ref, by, bootMs }: Boot): Promise<ControlSession> {
  const nonce = server.labels[BOOT];
  if (nonce === undefined)
    throw new VmrigError("HOST_KEY_MISMATCH", {
      message: `The server of ${ref.name} has lost its label "${BOOT}", so its first host key is unknown.`,
      hint: `remove its label "${HOST_KEY}" as well: the next run then writes its disk again`,
    });
  const secret = secretIn(by);
  return await openControl({
    ref,
    host: publicAddress(server),
    hostKey: firstHostKey(secret, nonce).publicKey,
    secret,
    timeoutMs: bootMs,
    signal: by.signal,
  });
}
