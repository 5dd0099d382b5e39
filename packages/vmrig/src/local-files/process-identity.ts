import { execFile } from "node:child_process";
import { readFile } from "node:fs/promises";
import { promisify } from "node:util";
import { hasOtherBoot, ownPlace, type Place } from "./place.ts";

/**
 * Identifies a process in a record. A pid means nothing without the other three values: the system
 * gives it to another process later, counts start times from the boot, and counts pids separately in
 * each PID namespace.
 */
export interface ProcessIdentity {
  readonly pid: number;
  readonly startTime: string;
  readonly boot: string;
  readonly pidNamespace: string;
}

/**
 * - `running`: the recorded process, and no later one with its pid.
 * - `elsewhere`: recorded in another PID namespace of this computer, such as another container. It
 *   may run, and cannot be seen from here.
 */
export type ProcessState = "running" | "ended" | "elsewhere";

/** What this process knows about a pid: its own place, and the start time of that pid here. */
export interface Sight extends Place {
  /** Missing when no process has this pid here. */
  readonly startTime?: string | undefined;
}

/**
 * Another boot id does not prove the end of a process in another PID namespace: systemd-nspawn gives
 * each container a different id. The claim of the folder does (`recordedProcessState`).
 */
export function judgeProcess(recorded: ProcessIdentity, here: Sight): ProcessState {
  const sameNamespace = recorded.pidNamespace === here.pidNamespace;
  if (sameNamespace && hasOtherBoot(recorded, here)) return "ended";
  // Older versions of vmrig recorded neither.
  const hasPlace = recorded.boot !== "" || recorded.pidNamespace !== "";
  if (hasPlace && !(sameNamespace && recorded.boot === here.boot)) return "elsewhere";
  return recorded.startTime === here.startTime ? "running" : "ended";
}

export async function processState(recorded: ProcessIdentity): Promise<ProcessState> {
  return judgeProcess(recorded, {
    ...ownPlace(),
    startTime: await startTimeOf(recorded.pid),
  });
}

/** Returns the identity of a process of this PID namespace, for a record. */
export async function identifyProcess(pid: number): Promise<ProcessIdentity> {
  // A process that has ended already has no start time, and the empty one matches no process.
  return { pid, startTime: (await startTimeOf(pid)) ?? "", ...ownPlace() };
}

const IDENTITY_IN_NAME = /(\d+)_([^_/]*)_([^_/]*)_(\d*)/;

/** Returns an identity as a part of a file name. */
export function formatIdentity({ pid, startTime, boot, pidNamespace }: ProcessIdentity): string {
  return `${pid}_${startTime}_${boot}_${pidNamespace}`;
}

/** Parses the first identity of {@link formatIdentity} in a file name. */
export function parseIdentity(name: string): ProcessIdentity | undefined {
  const [, ...fields] = IDENTITY_IN_NAME.exec(name) ?? [];
  return identityFrom(fields);
}

/** Parses the four values of an identity. Needs no schema: the runner's main process loads it. */
export function identityFrom(
  fields: ReadonlyArray<string | undefined>,
): ProcessIdentity | undefined {
  const [pid, startTime, boot, pidNamespace] = fields;
  if (startTime === undefined || boot === undefined || pidNamespace === undefined) return undefined;
  if (!(Number.isSafeInteger(Number(pid)) && Number(pid) > 0)) return undefined;
  return { pid: Number(pid), startTime, boot, pidNamespace };
}

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
 * Returns the start time of a process, as the system reports it. Compare start times only with each
 * other, and only within one boot: Linux counts them from the boot.
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
