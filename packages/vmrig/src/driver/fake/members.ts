import { readdirSync, readFileSync } from "node:fs";
import { waitFor } from "../../wait/wait-for.ts";
import { isNestedProcess } from "../../local-files/place.ts";
import type { MachineFiles } from "./machine-files.ts";

const MARK = "VMRIG_FAKE_MACHINE";

/**
 * Returns the environment variable that every process of a machine has, whichever session it moved
 * to. It distinguishes these processes from all others on this computer.
 */
export function mark(files: Pick<MachineFiles, "folder">): Record<string, string> {
  return { [MARK]: files.folder };
}

/**
 * Returns the processes of a machine, recognised by their initial environment. A pid or a process
 * group alone proves nothing, because it may now belong to another program. Needs Linux. On other
 * systems nothing is found, and a process that left its command's group survives a rollback.
 */
export function members(files: Pick<MachineFiles, "folder">): number[] {
  if (process.platform !== "linux") return [];
  const wanted = `\0${MARK}=${files.folder}\0`;
  return readdirSync("/proc")
    .map(Number)
    .filter((pid) => pid > 1 && `\0${environmentOf(pid)}\0`.includes(wanted));
}

/**
 * Returns all processes of fake machines that this user may inspect, by the machine's folder in
 * their environment.
 */
export function allMembers(): ReadonlyMap<string, readonly number[]> {
  const found = new Map<string, number[]>();
  if (process.platform !== "linux") return found;
  for (const pid of readdirSync("/proc").map(Number)) {
    const folder =
      pid > 1
        ? new RegExp(`\\0${MARK}=([^\\0]+)\\0`).exec(`\0${environmentOf(pid)}\0`)?.[1]
        : undefined;
    if (folder !== undefined) found.set(folder, [...(found.get(folder) ?? []), pid]);
  }
  return found;
}

export function signalMembers(files: MachineFiles, signal: NodeJS.Signals): void {
  for (const pid of members(files)) if (pid !== process.pid) send(pid, signal);
}

/** Ends all processes of a machine except the calling one, and waits until they are gone. */
export async function endMembers(files: Pick<MachineFiles, "folder">): Promise<void> {
  await waitFor({
    what: "the machine's processes to end",
    on: files.folder,
    timeoutMs: 10_000,
    intervalMs: 2,
    code: "ROLLBACK_FAILED",
    probe: () => {
      const others = members(files).filter((pid) => pid !== process.pid);
      for (const pid of others) send(pid, "SIGKILL");
      return Promise.resolve(
        others.length === 0 ? { value: true } : { seen: `process ${others.join(", ")}` },
      );
    },
  });
}

/**
 * Returns an empty string for a process that is gone, a zombie, or a process of another user or of
 * a container.
 */
function environmentOf(pid: number): string {
  try {
    if (isNestedProcess(readFileSync(`/proc/${pid}/status`, "utf8"))) return "";
    return readFileSync(`/proc/${pid}/environ`, "utf8");
  } catch {
    return "";
  }
}

function send(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch {
    // The process has already ended.
  }
}
