import type { PublicKey } from "vmrig/driver";
import { runScript } from "./run-script.ts";
import { ENTER_KEY, MAKE_KEY } from "./script/host-key-scripts.ts";
import type { Change } from "./snapshots.ts";

/**
 * Makes the host key that the machine has after its first boot, and returns its public half. A
 * second call returns the same.
 *
 * @throws VmrigError `FENCED`, `ROLLBACK_FAILED`
 */
export async function makeNextHostKey(change: Change): Promise<PublicKey> {
  const task = "make a host key";
  const { stdout } = await runScript({ ...change, script: MAKE_KEY, task });
  return stdout.trim();
}

/**
 * Replaces the host key of the first boot by the made one.
 *
 * @throws VmrigError `FENCED`, `ROLLBACK_FAILED`
 */
export async function enterNextHostKey(change: Change, made: PublicKey): Promise<void> {
  const task = "replace its first host key";
  await runScript({ ...change, script: ENTER_KEY, task, args: [made] });
}
