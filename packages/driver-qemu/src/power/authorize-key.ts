import { readFile } from "node:fs/promises";
import { VmrigError, type Admission } from "vmrig/driver";
import { firstLine } from "../first-line.ts";
import type { LockedMachine } from "../locked-machine.ts";
import type { MachineContext } from "../machine-context.ts";
import { HAS_GENERATION_ID } from "../process/command-line.ts";
import type { Accelerator } from "../process/accelerator.ts";
import { openGuestAgent, type GuestAgent } from "../qmp/guest-agent.ts";
import { explainUnresponsiveGuest } from "./unresponsive-guest.ts";

/** Login user of the tests; part of the image. */
const USER = "vmrig";
const KEYS_FILE = `/home/${USER}/.ssh/authorized_keys`;

/** Boot timeout. A cold boot takes a minute emulated on an idle computer, 5 s with KVM. */
export const BOOT_MS: Readonly<Record<Accelerator, number>> = { tcg: 300_000, kvm: 60_000 };

/**
 * Time for the agent of a guest that should be up to answer. Short, because a rollback has to wait:
 * the caller tries again while the guest boots.
 */
export const ADMIT_MS = 5_000;

/**
 * Waits for the guest's agent, and authorises the lease's key.
 *
 * @throws VmrigError `MACHINE_UNREACHABLE` at the deadline, `STATE_UNWRITABLE` if a full disk
 *   suspended the guest; the signal's reason
 */
export async function authorizeKey(
  machine: LockedMachine<Admission>,
  timeoutMs: number,
): Promise<void> {
  await withAgent(machine, timeoutMs, async (agent) => {
    await agent.authorize(USER, machine.authority.authorize);
    await agent.flush(KEYS_FILE);
  });
}

/**
 * Like {@link authorizeKey}, for a machine whose RAM was just restored. Makes the kernel of a
 * machine without a generation ID reseed its random numbers. Does not flush the key to the guest's
 * disk, which competes with the first login: after a crash the key is authorised again.
 */
export async function admitRestored(
  machine: LockedMachine<Admission>,
  timeoutMs: number,
): Promise<void> {
  await withAgent(machine, timeoutMs, async (agent) => {
    if (!HAS_GENERATION_ID) await agent.reseed();
    await agent.authorize(USER, machine.authority.authorize);
  });
}

async function withAgent(
  machine: LockedMachine<Admission>,
  timeoutMs: number,
  work: (agent: GuestAgent) => Promise<void>,
): Promise<void> {
  const { name, files, authority } = machine;
  const { signal } = authority;
  try {
    await using agent = await openGuestAgent({
      path: files.agent,
      machine: name,
      signal,
      timeoutMs,
    });
    await work(agent);
  } catch (error) {
    signal.throwIfAborted();
    throw await unresponsiveError(machine, error);
  }
}

async function unresponsiveError(machine: MachineContext, cause: unknown): Promise<VmrigError> {
  const { name, files, definition } = machine;
  const { diskRefused, lines } = await explainUnresponsiveGuest(machine);
  if (diskRefused) {
    return new VmrigError("STATE_UNWRITABLE", {
      message: `${name} is suspended: the disk of this computer rejected its writes.`,
      details: lines,
      hint: `free space on the disk of ${files.disk} and run again`,
      cause,
    });
  }
  const console = await readFile(files.console, "utf8").catch(() => "");
  return new VmrigError("MACHINE_UNREACHABLE", {
    message: firstLine(cause),
    details: [
      `accelerator: ${definition.accelerator}`,
      ...lines,
      "last lines of its console:",
      ...console
        .trimEnd()
        .split("\n")
        .slice(-5)
        .map((line) => `  ${line.trimEnd()}`),
    ],
    hint:
      definition.accelerator === "kvm"
        ? `if the console stops at "Booting from ROM", KVM does not work here: set accel: "tcg"`
        : `the full console is in ${files.console}`,
    cause,
  });
}
