import { connectRaw, execRaw, monitor } from "./raw.ts";
import type { BenchRig } from "./rig.ts";

const SNAPSHOT = "bench-floor";

/**
 * Measures dirty → first command with QEMU's monitor and ssh2 only. The snapshot contains the key
 * of this lease, because the baseline itself accepts no key.
 */
export async function makeFloor(rig: BenchRig, qmp: string): Promise<() => Promise<void>> {
  await rig.claim.rollBack();
  await rig.machine.$`true`;
  await monitor(qmp, `savevm ${SNAPSHOT}`);
  return async () => {
    await monitor(qmp, `loadvm ${SNAPSHOT}`);
    const client = await connectRaw(rig.target());
    await execRaw(client, "true");
    // Not `end()`: the machine may be stopped before it closes the connection.
    client.destroy();
  };
}
