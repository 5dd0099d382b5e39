/** A process, as reported by the kernel. Plain data. */
export interface ProcessInfo {
  readonly pid: number;
  readonly parentPid: number;
  /** Name of the program; the kernel keeps 15 characters of it. */
  readonly name: string;
  /** Name of the effective user, or the number where it has no name. */
  readonly user: string;
  /** Arguments, starting with the program. Empty for kernel threads. */
  readonly args: readonly string[];
  /** `running`, `sleeping`, `disk sleep`, `stopped`, `zombie` … */
  readonly state: string;
  /** Resident memory, private and shared. Zero for kernel threads. */
  readonly residentBytes: number;
}

const SEPARATOR = "=== vmrig ===";

/**
 * Reads all processes with one `grep`: a shell loop would start hundreds of programs, and `ps` of
 * busybox has none of the columns.
 */
export const READ_PROCESSES = [
  "grep -aHE '^(Name|State|PPid|Uid|VmRSS):' /proc/[0-9]*/status 2>/dev/null",
  `echo '${SEPARATOR}'`,
  "grep -aH '' /proc/[0-9]*/cmdline 2>/dev/null",
  `echo '${SEPARATOR}'`,
  "getent passwd 2>/dev/null || cat /etc/passwd",
].join("; ");

/**
 * Parses `/proc/PID/status` and `/proc/PID/cmdline` (proc_pid_status(5), proc_pid_cmdline(5)), each
 * line with its file in front, and passwd(5).
 */
export function parseProcesses(text: string): ProcessInfo[] {
  const [statuses = "", commands = "", passwd = ""] = text.split(`${SEPARATOR}\n`);
  const users = new Map(
    passwd.split("\n").flatMap((line) => {
      const [name, , uid] = line.split(":");
      return name === undefined || uid === undefined ? [] : [[uid, name] as const];
    }),
  );
  const found = new Map<number, Map<string, string>>();
  for (const [, pid = "", key = "", value = ""] of statuses.matchAll(
    /^\/proc\/(\d+)\/status:(\w+):\s*(.*)$/gm,
  )) {
    const fields = found.get(Number(pid)) ?? new Map<string, string>();
    found.set(Number(pid), fields.set(key, value));
  }
  const lines = new Map<number, string[]>();
  for (const [, pid = "", line = ""] of commands.matchAll(/^\/proc\/(\d+)\/cmdline:(.*)$/gm)) {
    lines.set(Number(pid), [...(lines.get(Number(pid)) ?? []), line]);
  }
  return [...found]
    .map(([pid, fields]) => {
      const word = (key: string): string => fields.get(key) ?? "";
      const uid = word("Uid").split("\t")[1] ?? "";
      return {
        pid,
        parentPid: Number(word("PPid")),
        name: word("Name"),
        user: users.get(uid) ?? uid,
        args: (lines.get(pid) ?? []).join("\n").split("\0").slice(0, -1),
        state: /\((.*)\)/.exec(word("State"))?.[1] ?? word("State"),
        residentBytes: Number.parseInt(word("VmRSS") || "0", 10) * 1024,
      };
    })
    .toSorted((one, other) => one.pid - other.pid);
}
