import { readFileSync, readlinkSync, statSync } from "node:fs";

/**
 * Where a pid has a meaning: one boot of one computer, and one PID namespace in it. Each container
 * has its own PID namespace. Empty on systems without `/proc`, which have no PID namespaces.
 */
export interface Place {
  /**
   * Start of the kernel's random id of this boot. Short, because file names and locks contain it.
   * Empty where `/proc/sys` is masked. A container may have a different id (systemd-nspawn).
   */
  readonly boot: string;
  /**
   * Inode number of the PID namespace. The kernel gives the number of a namespace whose processes
   * have all ended to a later one, whose processes have later start times.
   */
  readonly pidNamespace: string;
}

/** PID namespace of the computer itself: `PROC_PID_INIT_INO` of Linux. */
export const INITIAL_PID_NAMESPACE = "4026531836";

/** Returns the place of this process. */
export function ownPlace(): Place {
  return {
    boot: orEmpty(() => readFileSync("/proc/sys/kernel/random/boot_id", "utf8").slice(0, 8)),
    pidNamespace: orEmpty(() => /\d+/.exec(readlinkSync("/proc/self/ns/pid"))?.[0]),
  };
}

/** Tells whether two places have different boot ids. A missing id differs from none. */
export function hasOtherBoot(there: Place, here: Place): boolean {
  return there.boot !== "" && here.boot !== "" && there.boot !== here.boot;
}

/**
 * What decides whether two processes reach each other's sockets in `/tmp`. A service with
 * `PrivateTmp=`, and a container with the PID namespace of its host, have a private `/tmp`.
 */
export interface SocketView {
  readonly mountNamespace: string;
  /** Device and inode of `/tmp`. */
  readonly temporary: string;
}

export function ownSocketView(): SocketView {
  return {
    mountNamespace: orEmpty(() => /\d+/.exec(readlinkSync("/proc/self/ns/mnt"))?.[0]),
    temporary: orEmpty(() => {
      const { dev, ino } = statSync("/tmp");
      return `${dev}:${ino}`;
    }),
  };
}

/**
 * One mount namespace has one `/tmp`, even where an overlay file system numbers it again. Several
 * mount namespaces may share the `/tmp` of the computer.
 */
export function sharesSockets(there: SocketView, here: SocketView): boolean {
  return there.mountNamespace === here.mountNamespace || there.temporary === here.temporary;
}

/**
 * Tells from the text of `/proc/<pid>/status` whether a process is in a PID namespace below the one
 * of `/proc`, such as a container that is seen from its host: proc_pid_status(5) lists a pid for
 * each nested namespace. Records in there name it by another pid.
 */
export function isNestedProcess(status: string): boolean {
  return /^NSpid:\t\d+\t/m.test(status);
}

function orEmpty(read: () => string | undefined): string {
  try {
    return read() ?? "";
  } catch {
    return "";
  }
}
