import type { SshTarget } from "../ssh/handshake.ts";
import { baselineSnapshot } from "./baseline-id.ts";
import { sshTarget } from "./login.ts";
import { admission, onEach, type Scene } from "./scene.ts";

/** A machine at its baseline, not yet proven: whoever logs in first proves it with `proven`. */
export interface RolledBack {
  readonly name: string;
  readonly lanAddress: string;
  readonly target: SshTarget;
}

/**
 * Brings every machine of the copy to its baseline, at once. Ends all their sessions; from now on only this lease's key gets in.
 *
 * @throws VmrigError `ROLLBACK_FAILED`, `FENCED`, `LEASE_LOST`
 */
export async function rollback(scene: Scene, baseline: string): Promise<readonly RolledBack[]> {
  const { driver, copy, lease, key } = scene;
  await onEach(scene, (machine) => driver.restore(machine, baselineSnapshot(baseline), admission(scene)));
  lease.assertHeld();
  // A machine that had to be started again listens on another port.
  const inventory = await driver.inspect(copy);
  return copy.machines.map(({ name, lanAddress }) => ({ name, lanAddress, target: sshTarget(inventory, name, key.privateKey) }));
}
