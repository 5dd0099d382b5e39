import { execFile } from "node:child_process";
import { readFile } from "node:fs/promises";
import { promisify } from "node:util";

/**
 * Tells whether a process of any user has this pid. A process that has ended keeps its pid until
 * its parent collects it, and a later process may get the same pid: {@link startTimeOf} tells them
 * apart.
 */
export function isProcessRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
}

/**
 * Returns the start time of a process, as the system reports it. A pid and its start time identify
 * a process on this computer: a later process with the same pid started at another time. Compare
 * start times only with each other; their unit depends on the system.
 *
 * @returns `undefined` for a process that has ended, even before its parent collects it
 */
export async function startTimeOf(pid: number): Promise<string | undefined> {
  return process.platform === "linux" ? await startTimeFromProc(pid) : await startTimeFromPs(pid);
}

async function startTimeFromProc(pid: number): Promise<string | undefined> {
  // proc_pid_stat(5): the name may contain any character. After the name, the state is field 3 and
  // the start time is field 22.
  const stat = await readFile(`/proc/${pid}/stat`, "utf8").catch(() => "");
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  return fields[0] === "Z" || fields[0] === "X" ? undefined : fields[19];
}

/**
 * For macOS and other systems without `/proc`, which store this time and do not compute it on each
 * call. The result has no spaces: `Sun-Nov-29-11:22:15-2026`.
 */
export async function startTimeFromPs(pid: number): Promise<string | undefined> {
  const line = await promisify(execFile)("ps", ["-o", "stat=", "-o", "lstart=", "-p", `${pid}`], {
    // Two processes of one user may have different languages and time zones.
    env: { PATH: process.env["PATH"], LC_ALL: "C", TZ: "UTC" },
  }).then(
    ({ stdout }) => stdout,
    (error: { readonly code?: unknown }) => {
      // `ps` found no process. Any other failure says nothing about the process.
      if (error.code === 1) return "";
      throw error;
    },
  );
  const [state = "", ...time] = line.trim().split(/\s+/);
  return state === "" || state.startsWith("Z") ? undefined : time.join("-");
}
