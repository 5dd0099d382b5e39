import { guestOf } from "../baseline/guest.ts";
import type { GuestKind } from "../driver/driver.ts";
import { VmrigError } from "../errors/vmrig-error.ts";
import { inspectionFailed } from "./inspection-failed.ts";
import { runFramed } from "../machine/command/frame/run-framed.ts";
import type { Machine } from "../machine/machine.ts";
import {
  parseProcesses,
  READ_PROCESSES,
  type ProcessInfo,
} from "../machine/resources/process-info.ts";
import { parseInternet } from "../machine/resources/proc-net.ts";
import type { Listener } from "../machine/resources/listener.ts";

/** Processes, listening ports and configuration of a machine at one moment. */
export interface SystemSnapshot {
  readonly boot: string;
  /** Processes without those of the kernel, of SSH and of this query. */
  readonly processes: readonly ProcessSnapshot[];
  readonly listeners: readonly Listener[];
  /** Fingerprint of each file (content, mode, owner, link target), by path. */
  readonly files: ReadonlyMap<string, string>;
  /** systemd units that are starting, stopping or reloading, such as a job of a timer. */
  readonly jobs: ReadonlySet<string>;
}

export interface ProcessSnapshot extends ProcessInfo {
  /** Path of its unit or session: cgroups(7). Empty without one. */
  readonly group: string;
}

export interface SystemSnapshotOptions {
  readonly guest: GuestKind;
  /** Folder of the fingerprinted files. @defaultValue that of the guest: `/etc` */
  readonly folder?: string;
  /**
   * Whether to query jobs, which may own new processes. The query costs one more program.
   *
   * @defaultValue false
   */
  readonly jobs?: boolean;
}

const TIMEOUT_MS = 15_000;
const NEXT = "=== vmrig snapshot ===";

/**
 * Takes a snapshot in one round trip, as the machine's user, which should be root.
 *
 * @throws VmrigError `INSPECTION_FAILED`, or the errors of a command
 */
export async function takeSystemSnapshot(
  machine: Machine,
  { guest: kind, folder, jobs = false }: SystemSnapshotOptions,
): Promise<SystemSnapshot> {
  const guest = guestOf(kind);
  const line = script(guest.system, folder ?? guest.configFolder, guest.bootId, jobs);
  const { stdout, stderr, failed, timedOut } = await runFramed(machine, line, {
    timeout: TIMEOUT_MS,
  }).catch(inspectionFailed);
  const parts = stdout.split(`${NEXT}\n`);
  if (failed || parts.length < 7) {
    const why = timedOut
      ? `it took longer than ${TIMEOUT_MS / 1000} s`
      : stderr.trim().split("\n").at(-1) || "no error output";
    throw new VmrigError("INSPECTION_FAILED", {
      message: `Could not list the processes of ${machine.name}: ${why}.`,
    });
  }
  const [head = "", processes = "", groups = "", tcp = "", udp = "", files = "", waiting = ""] =
    parts;
  const [boot = "", self = "", ephemeral = "", ...mine] = head.split("\n");
  return {
    boot,
    processes: ofTheMachine(
      parseProcesses(processes),
      Number(self),
      guest.system ? undefined : mine,
      toGroups(groups),
    ),
    listeners: [
      ...parseInternet("tcp", tcp),
      // Higher ports belong to clients and come and go.
      ...parseInternet("udp", udp).filter(
        ({ port = 0 }) => port < Number(ephemeral.split(/\s/)[0]),
      ),
    ],
    files: toFiles(files),
    jobs: new Set(waiting.split("\n").flatMap((unit) => unit.trim().split(/\s/)[0] || [])),
  };
}

/**
 * Returns a script with few programs, because each costs 50 ms on an emulated machine. On a guest
 * that shares a computer with others, only processes with the guest's home in their environment
 * belong to it, and ports cannot be attributed.
 */
function script(system: boolean, folder: string, bootId: string, jobs: boolean): string {
  const of = (kind: string, program: string): string =>
    `find . -xdev ${kind} -exec ${program} {} +`;
  // Each program may complain about files that disappear meanwhile.
  const ownFiles = `cd ${folder} && { ${of("-type f", "cksum")}; ${of("! -type l", "stat -c '%a %u:%g %n'")}; ${of("-type l", "ls -ldn")}; }`;
  const sections = [
    `{ ${bootId}; } && echo $$ && cat /proc/sys/net/ipv4/ip_local_port_range${system ? "" : '; grep -lzxF "HOME=$HOME" /proc/[0-9]*/environ 2>/dev/null'}`,
    READ_PROCESSES,
    "grep -aH '' /proc/[0-9]*/cgroup 2>/dev/null",
    system ? "cat /proc/net/tcp /proc/net/tcp6 2>/dev/null" : "",
    system ? "cat /proc/net/udp /proc/net/udp6 2>/dev/null" : "",
    `( ${ownFiles} ) 2>/dev/null`,
    jobs && system
      ? "systemctl list-units --no-pager --plain --no-legend --full --state=activating,deactivating,reloading 2>/dev/null"
      : "",
  ];
  return `LC_ALL=C; export LC_ALL; ${sections.join(`\necho '${NEXT}'\n`)}\ntrue`;
}

/** Processes of a login, and of the systemd manager of its user. */
const OF_SSH = /^(?:sshd|sshd-session|sshd-auth|\(sd-pam\))$/;
const OF_LOGIN = /user@\d+\.service\/(?:init\.scope|session\.slice)/;

function ofTheMachine(
  all: readonly ProcessInfo[],
  self: number,
  mine: readonly string[] | undefined,
  groups: ReadonlyMap<number, string>,
): ProcessSnapshot[] {
  const parents = new Map(all.map(({ pid, parentPid }) => [pid, parentPid]));
  const above = (pid: number): number[] => {
    const line: number[] = [];
    for (
      let at: number | undefined = pid;
      at !== undefined && at > 1 && !line.includes(at);
      at = parents.get(at)
    )
      line.push(at);
    return line;
  };
  const ownAncestors = new Set(above(self));
  const own =
    mine === undefined ? undefined : new Set(mine.map((path) => Number(path.split("/")[2])));
  return all
    .filter(({ pid, args, name, state }) => {
      if (args.length === 0 || state === "zombie" || OF_SSH.test(name)) return false;
      if (own !== undefined && !own.has(pid)) return false;
      return !ownAncestors.has(pid) && !above(pid).includes(self);
    })
    .map((one) => ({ ...one, group: groups.get(one.pid) ?? "" }))
    .filter(({ group }) => !OF_LOGIN.test(group));
}

/** Returns the systemd group of each process, for both versions of cgroups. */
function toGroups(text: string): Map<number, string> {
  const lines = text.matchAll(/^\/proc\/(\d+)\/cgroup:\d+:(?:name=systemd)?:(.*)$/gm);
  return new Map([...lines].map(([, pid, group = ""]) => [Number(pid), group]));
}

/** Files that the system writes without a test. */
const WRITTEN_BY_ITSELF = new Set(["./resolv.conf", "./adjtime", "./mtab", "./.pwd.lock"]);

/**
 * Combines the content (cksum(1)), mode and owner (stat(1)), and link target (ls(1)) of each file.
 * Ignores the time: a file with its old content has not changed.
 */
function toFiles(text: string): Map<string, string> {
  const files = new Map<string, string>();
  for (const line of text.split("\n")) {
    const [, sum, state = sum, path = ""] =
      /^(?:(\d+ \d+)|(\d+ \d+:\d+)) (\.\/.*)$/.exec(line) ?? [];
    const [, link = "", target = ""] = /^l\S+ .*? (\.\/.*) -> (.*)$/.exec(line) ?? [];
    const name = path || link;
    if (name !== "" && !WRITTEN_BY_ITSELF.has(name))
      files.set(name, `${files.get(name) ?? ""}${state ?? ""}${target} `);
  }
  return files;
}
