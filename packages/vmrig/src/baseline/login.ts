import type { Inventory, MachineRef } from "../driver/driver.ts";
import { VmrigError } from "../errors/vmrig-error.ts";
import { dial, type Connection } from "../ssh/connection.ts";
import type { SshTarget } from "../ssh/handshake.ts";
import { TEST_USER, type Scene } from "./scene.ts";

/** Where and how the lease's key gets in. @throws VmrigError `MACHINE_MISSING` when the machine has no address */
export function sshTarget(inventory: Inventory, name: string, privateKey: string): SshTarget {
  const machine = inventory.machines.find((candidate) => candidate.name === name);
  if (machine?.address === undefined || machine.hostKey === undefined) {
    throw new VmrigError("MACHINE_MISSING", { message: `${name} has no address to log in at (${machine?.power ?? "not there"}).` });
  }
  return { ...machine.address, user: TEST_USER, hostKey: machine.hostKey, privateKey };
}

/** Logs in to a machine that is not at its baseline yet. */
export async function login(scene: Scene, { name }: MachineRef, timeoutMs?: number): Promise<Connection> {
  const inventory = await scene.driver.inspect(scene.copy);
  return dial(sshTarget(inventory, name, scene.key.privateKey), {
    name,
    signal: scene.lease.signal,
    ...(timeoutMs !== undefined && { timeoutMs }),
  });
}
