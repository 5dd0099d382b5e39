import { execFile } from "node:child_process";
import { rm } from "node:fs/promises";
import { promisify } from "node:util";
import { processesOf, send } from "./processes.ts";
import { until } from "../until.ts";

/** Everything that a rig consists of. */
export interface Leftovers {
  /**
   * Root folder: every process of the rig has it in its command line, its environment or as its
   * working directory.
   */
  readonly root: string;
  /** Folder of vmrig's sockets. */
  readonly runtime: string;
  /** Mount point of the rig's disk, if there is one. */
  readonly disk?: string;
}

export async function removeLeftovers({ root, runtime, disk }: Leftovers): Promise<void> {
  await endProcesses(root);
  if (disk !== undefined) await promisify(execFile)("umount", ["--lazy", disk]);
  await Promise.all([root, runtime].map((folder) => rm(folder, { recursive: true, force: true })));
}

/** Kills processes until none is left: while one process is killed, another one may start more. */
export async function endProcesses(
  root: string,
  spared = (_command: string): boolean => false,
): Promise<void> {
  await until(10_000, () => {
    const left = processesOf(root).filter(({ command }) => !spared(command));
    for (const { pid } of left) send(pid, "SIGKILL");
    return left.length === 0 ? true : undefined;
  });
}
