import { connectRaw, execRaw } from "./raw.ts";
import type { BenchRig, Target } from "./rig.ts";

const TOP = "/run/bench-top";

/** Saves the current `/` and `/home` as read-only subvolumes, which a rollback by reboot needs. */
export async function keepSubvolumes(rig: BenchRig): Promise<void> {
  const client = await connectRaw(rig.target());
  await execRaw(
    client,
    `sudo sh -eu -c 'mkdir -p ${TOP}; mount -o subvolid=5 LABEL=vmrig-root ${TOP}; for s in @ @home; do btrfs -q subvolume snapshot -r ${TOP}/$s ${TOP}/@snapshots/bench-$s; done; sync'`,
  );
  client.destroy();
}

/**
 * Measures dirty → first command on a machine without RAM snapshots: swap the subvolumes, reboot,
 * log in.
 */
export async function rollBackByReboot(rig: BenchRig): Promise<void> {
  const target = rig.target();
  const client = await connectRaw(target);
  const before = await execRaw(client, "cat /proc/sys/kernel/random/boot_id");
  await execRaw(
    client,
    `sudo sh -eu -c 'mkdir -p ${TOP}; mountpoint -q ${TOP} || mount -o subvolid=5 LABEL=vmrig-root ${TOP}; for s in @ @home; do mv ${TOP}/$s ${TOP}/$s.old.$(cut -c1-8 /proc/sys/kernel/random/uuid); btrfs -q subvolume snapshot ${TOP}/@snapshots/bench-$s ${TOP}/$s; done; sync; systemctl reboot --no-block'`,
  );
  client.destroy();
  const deadline = performance.now() + 300_000;
  for (;;) {
    const boot = await bootId(target);
    if (boot !== undefined && boot !== before) return;
    if (performance.now() > deadline)
      throw new Error(
        `the machine did not boot within 300 s; last boot id: ${boot ?? "no answer"}`,
      );
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}

/**
 * A machine that shuts down in the middle of an answer does not close the connection, so each try
 * has a time limit.
 */
const ANSWER_MS = 10_000;

async function bootId(target: Target): Promise<string | undefined> {
  try {
    const client = await connectRaw(target);
    const giveUp = setTimeout(() => client.destroy(), ANSWER_MS);
    try {
      return await execRaw(client, "cat /proc/sys/kernel/random/boot_id");
    } finally {
      clearTimeout(giveUp);
      client.destroy();
    }
  } catch {
    return undefined;
  }
}
