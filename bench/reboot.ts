import type { Client } from "ssh2";
import { connectRaw, execRaw } from "./raw.ts";
import type { BenchRig, Target } from "./rig.ts";

const TOP = "/run/bench-top";
const MOUNT = `mkdir -p ${TOP}; mount -o subvolid=5 LABEL=vmrig-root ${TOP}`;
/** A mount that stays would cost the next rollback of vmrig time. */
const UNMOUNT = `umount ${TOP}; rmdir ${TOP}`;

/** Saves the current `/` and `/home` as read-only subvolumes, which a rollback by reboot needs. */
export async function keepSubvolumes(rig: BenchRig): Promise<void> {
  const client = await connectRaw(rig.target());
  await execRaw(
    client,
    `sudo sh -eu -c '${MOUNT}; for s in @ @home; do btrfs -q subvolume snapshot -r ${TOP}/$s ${TOP}/@snapshots/bench-$s; done; sync; ${UNMOUNT}'`,
  );
  client.destroy();
}

/** Rolls a machine without RAM snapshots back: swaps the subvolumes, reboots, logs in. */
export async function rollBackByReboot(rig: BenchRig): Promise<void> {
  const target = rig.target();
  const client = await connectRaw(target);
  const before = await execRaw(client, READ_BOOT);
  await swapSubvolumes(client, "systemctl reboot --no-block");
  await answers(target, READ_BOOT, (boot) => boot !== before);
}

/**
 * Rolls a machine back under the kernel that runs: swaps the subvolumes, enters them by a soft
 * reboot, logs in. The machine has a file `dirt`, which the kept subvolume lacks.
 */
export async function rollBackBySoftReboot(rig: BenchRig): Promise<void> {
  const target = rig.target();
  await swapSubvolumes(await connectRaw(target), ENTER);
  await answers(target, "ls dirt || true", (listing) => listing !== "dirt");
}

const READ_BOOT = "cat /proc/sys/kernel/random/boot_id";
const ENTER =
  "mkdir -p /run/nextroot; mount -o subvol=@ LABEL=vmrig-root /run/nextroot; systemctl soft-reboot --no-block";

/** Puts new copies of the kept subvolumes in place, and leaves the running system. */
async function swapSubvolumes(client: Client, leave: string): Promise<void> {
  await execRaw(
    client,
    `sudo sh -eu -c '${MOUNT}; for s in @ @home; do mv ${TOP}/$s ${TOP}/$s.old.$(cut -c1-8 /proc/sys/kernel/random/uuid); btrfs -q subvolume snapshot ${TOP}/@snapshots/bench-$s ${TOP}/$s; done; sync; ${UNMOUNT}; ${leave}'`,
  );
  client.destroy();
}

/** Waits until a new connection gets an answer of the restored system. */
async function answers(
  target: Target,
  command: string,
  isRestored: (answer: string) => boolean,
): Promise<void> {
  const deadline = performance.now() + 300_000;
  for (;;) {
    const answer = await ask(target, command);
    if (answer !== undefined && isRestored(answer)) return;
    if (performance.now() > deadline)
      throw new Error(
        `the machine was not restored within 300 s; last answer: ${answer ?? "none"}`,
      );
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}

/**
 * A machine that shuts down in the middle of an answer does not close the connection, so each try
 * has a time limit.
 */
const ANSWER_MS = 10_000;

async function ask(target: Target, command: string): Promise<string | undefined> {
  try {
    const client = await connectRaw(target);
    const giveUp = setTimeout(() => client.destroy(), ANSWER_MS);
    try {
      return await execRaw(client, command);
    } finally {
      clearTimeout(giveUp);
      client.destroy();
    }
  } catch {
    return undefined;
  }
}
