import { readFile, rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Machine } from "vmrig";
import { until } from "../until.ts";

/**
 * What a careless test does to its own machine, as root. The next rollback must undo it, or repair
 * the machine.
 */
export const HARMS = {
  /** The key of the gates is gone, also after a reset. */
  keys: "rm -rf /root/.ssh /home/*/.ssh",
  sshd: "systemctl stop ssh.service ssh.socket",
  // The answer to the command goes out first.
  panic: later("echo c > /proc/sysrq-trigger"),
  network: later("for link in /sys/class/net/e*; do ip link set ${link##*/} down; done"),
  /** A soft reboot does not undo it. */
  kernel: "modprobe dummy && sysctl -w kernel.kexec_load_disabled=1",
  disk: "fallocate -l $(($(df --output=avail -B1 /srv | tail -n 1) * 99 / 100)) /srv/full",
  /** The baseline is prepared again. */
  snapshot: "rm -rf /.snapshots/baseline-*/kernel",
} as const;

export type Harm = keyof typeof HARMS;

function later(script: string): string {
  return `(setsid bash -c 'sleep 0.5; ${script}' > /dev/null 2>&1 &)`;
}

/** How long a fault waits for a visit, and for its end. */
const TAKEN_MS = 120_000;
const DONE_MS = 120_000;

/**
 * Lets the next visit end with a harm. Resolves when the harm is done.
 *
 * @returns the run that did it; `undefined` when none took it
 */
export async function orderHarm(root: string, harm: Harm): Promise<string | undefined> {
  const order = join(root, "harm");
  const taken = join(root, "harm-taken");
  await writeFile(order, harm);
  const isGone = (path: string) => () =>
    readFile(path).then(
      () => undefined,
      () => true as const,
    );
  if ((await until(TAKEN_MS, isGone(order))) === undefined) {
    const isTaken = await rm(order).then(
      () => false,
      () => true,
    );
    if (!isTaken) return undefined;
  }
  // A worker that is killed meanwhile leaves the file as it is.
  const read = () => readFile(taken, "utf8").catch(() => "");
  await until(DONE_MS, async () => ((await read()).startsWith("done ") ? true : undefined));
  const [, session = "a dead worker"] = (await read()).split(" ");
  await rm(taken, { force: true });
  return session;
}

/** Harms a machine if a fault has ordered it. Call it at the end of a visit. */
export async function doHarm(
  root: string,
  session: string,
  machine: Pick<Machine, "root">,
): Promise<void> {
  const taken = join(root, "harm-taken");
  const isOrdered = await rename(join(root, "harm"), taken).then(
    () => true,
    () => false,
  );
  if (!isOrdered) return;
  const harm = (await readFile(taken, "utf8")) as Harm;
  await writeFile(taken, `by ${session}`);
  process.stdout.write(`harm     ${harm}\n`);
  try {
    await machine.root.$({ input: HARMS[harm], reject: false, timeout: 60_000 })`bash -s`;
  } finally {
    await writeFile(taken, `done ${session}`);
  }
}
