import { rm, writeFile } from "node:fs/promises";
import type { Driver, MachineRef } from "../driver.ts";
import { sendCommand, NO_PROCESS, type FakeCommand } from "./control.ts";
import { dropDisk } from "./disk.ts";
import { withMachineLock, findMachine, off } from "./find-machine.ts";
import { startProcess, stopProcess } from "./make.ts";

/**
 * Changes the power state of a fake machine. A shutdown is as abrupt as a crash and loses as
 * little, because written data is in a folder of this computer.
 */
export const power: NonNullable<Driver["power"]> = async (ref, action, admission) => {
  await withMachineLock(ref, admission, async ({ files }) => {
    const { fence, signal, authorize: key } = admission;
    const runs = (await sendCommand(files.control, { do: "status" }, signal)) !== NO_PROCESS;
    if (action === "reboot" && !runs) throw off(ref.name);
    if (action !== "on") await stopProcess(files);
    if (action === "crash" || action === "off" || (action === "on" && runs)) return;
    await startProcess(files, ref.name);
    await sendCommand(files.control, { do: "admit", fence, key }, signal);
  });
};

export const network: NonNullable<Driver["network"]> = async (ref, action, authority) => {
  await withMachineLock(ref, authority, async ({ files }) => {
    if ((await sendCommand(files.control, { do: "status" }, authority.signal)) === NO_PROCESS)
      throw off(ref.name);
    if (action === "disconnect") await writeFile(files.unlinked, "");
    else await rm(files.unlinked, { force: true });
  });
};

export const captureTogether: NonNullable<Driver["captureTogether"]> = async (
  refs,
  snapshot,
  { fence, signal },
) => {
  const all = async (command: FakeCommand): Promise<void> => {
    const outcomes = await Promise.allSettled(
      refs.map((ref) => sendToRunning(ref, command, signal)),
    );
    for (const outcome of outcomes) if (outcome.status === "rejected") throw outcome.reason;
  };
  signal.throwIfAborted();
  try {
    await all({ do: "freeze", fence });
    await all({ do: "capture", fence, snapshot });
  } finally {
    await all({ do: "thaw", fence }).catch(() => {}); // the first error is more useful than one of `thaw`
  }
};

export const drop: NonNullable<Driver["drop"]> = async (ref, snapshot, authority) => {
  await withMachineLock(ref, authority, ({ files }) => dropDisk(files, snapshot));
};

async function sendToRunning(
  ref: MachineRef,
  command: FakeCommand,
  signal: AbortSignal,
): Promise<void> {
  const { files } = await findMachine(ref);
  if ((await sendCommand(files.control, command, signal)) === NO_PROCESS) throw off(ref.name);
}
