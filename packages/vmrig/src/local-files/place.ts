import { readFileSync, readlinkSync } from "node:fs";

/**
 * Where a pid has a meaning: one boot of one computer, and one PID namespace in it. Each container
 * has its own PID namespace. Empty on systems without `/proc`, which have no PID namespaces.
 */
export interface Place {
  /** Start of the kernel's random id of this boot. Short, because file names and locks contain it. */
  readonly boot: string;
  /**
   * Inode number of the PID namespace. The kernel gives the number of a namespace whose processes
   * have all ended to a later one, whose processes have later start times.
   */
  readonly pidNamespace: string;
}

/** Returns the place of this process. */
export function ownPlace(): Place {
  try {
    return {
      boot: readFileSync("/proc/sys/kernel/random/boot_id", "utf8").slice(0, 8),
      pidNamespace: /\d+/.exec(readlinkSync("/proc/self/ns/pid"))?.[0] ?? "",
    };
  } catch {
    return { boot: "", pidNamespace: "" };
  }
}

/**
 * Tells from the text of `/proc/<pid>/status` whether a process is in a PID namespace below the one
 * of `/proc`, such as a container that is seen from its host: proc_pid_status(5) lists a pid for
 * each nested namespace. Records in there name it by another pid.
 */
export function isNestedProcess(status: string): boolean {
  return /^NSpid:\t\d+\t/m.test(status);
}
