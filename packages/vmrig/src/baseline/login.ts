import type { Inventory } from "../driver/inventory.ts";
import type { MachineRef, PowerState } from "../driver/driver.ts";
import { VmrigError } from "../errors/vmrig-error.ts";
import { dial } from "../ssh/dial.ts";
import type { SshConnection } from "../ssh/ssh-connection.ts";
import type { SshTarget } from "../ssh/ssh-target.ts";
import type { MachineAccess } from "./machine-access.ts";
import { TEST_USER, type LeasedContext } from "./leased-context.ts";

/**
 * Returns the address and credentials for a login with the lease's key.
 *
 * @throws VmrigError `MACHINE_MISSING` when the machine has no address
 */
function sshTarget(inventory: Inventory, name: string, privateKey: string): SshTarget {
  const machine = inventory.machines.find((candidate) => candidate.name === name);
  if (machine?.address === undefined || machine.hostKey === undefined) {
    throw new VmrigError("MACHINE_MISSING", {
      message: `${name} ${whyUnreachable(machine?.power)}, so vmrig cannot log in.`,
    });
  }
  return { ...machine.address, user: TEST_USER, hostKey: machine.hostKey, privateKey };
}

function whyUnreachable(power: PowerState = "absent"): string {
  if (power === "absent") return "is missing";
  return power === "off" ? "is off" : `is ${power} without an address or a host key`;
}

/**
 * Returns the addresses of the machines after a rollback. A machine that had to be restarted
 * listens on another port.
 */
export async function accessAfterRollback({
  driver,
  copy,
  lease,
  key,
}: LeasedContext): Promise<MachineAccess[]> {
  lease.assertHeld();
  const inventory = await driver.inspect(copy);
  return copy.machines.map(({ name, lanAddress }) => ({
    name,
    lanAddress,
    target: sshTarget(inventory, name, key.privateKey),
  }));
}

/** Returns the addresses of the machines that are up. */
export async function accessToRunning({
  driver,
  copy,
  lease,
  key,
}: LeasedContext): Promise<MachineAccess[]> {
  lease.assertHeld();
  const inventory = await driver.inspect(copy);
  const up = new Set(
    inventory.machines.filter(({ address }) => address !== undefined).map(({ name }) => name),
  );
  return copy.machines
    .filter(({ name }) => up.has(name))
    .map(({ name, lanAddress }) => ({
      name,
      lanAddress,
      target: sshTarget(inventory, name, key.privateKey),
    }));
}

/** Logs in to a machine that is not at its baseline yet. */
export async function login(
  context: LeasedContext,
  { name }: MachineRef,
  timeoutMs?: number,
): Promise<SshConnection> {
  const inventory = await context.driver.inspect(context.copy);
  return dial(sshTarget(inventory, name, context.key.privateKey), {
    name,
    signal: context.lease.signal,
    ...(timeoutMs !== undefined && { timeoutMs }),
  });
}
