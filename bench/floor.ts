import { connectRaw, execRaw, monitor } from "./raw.ts";
import type { BenchRig } from "./rig.ts";

const SNAPSHOT = "bench-floor";

/**
 * Dirty → first command with nothing but QEMU's monitor and ssh2. The snapshot has the key of this
 * lease in it: the baseline, which is nobody's, lets no key in.
 */
export async function makeFloor(rig: BenchRig, qmp: string): Promise<() => Promise<void>> {
  await rig.claim.rollBack();
  await rig.machine.$`true`;
  await monitor(qmp, `savevm ${SNAPSHOT}`);
  return async () => {
    await monitor(qmp, `loadvm ${SNAPSHOT}`);
    const client = await connectRaw(rig.target());
    await execRaw(client, "true");
    // Not end(): the machine may be stopped before it says goodbye.
    client.destroy();
  };
}
