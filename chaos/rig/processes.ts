import { readdirSync, readFileSync, readlinkSync } from "node:fs";

export interface Process {
  readonly pid: number;
  readonly command: string;
  /** Folder of the fake machine to which the process belongs. */
  readonly machine: string | undefined;
}

/**
 * Returns every live process that has this path in its command line, its environment or as its
 * working directory. Linux only.
 */
export function processesOf(path: string): Process[] {
  return readdirSync("/proc")
    .map(Number)
    .filter((pid) => pid > 1 && pid !== process.pid)
    .flatMap((pid) => {
      const command = text(pid, "cmdline").replaceAll("\0", " ").trim();
      const environment = text(pid, "environ");
      const all = `${command}\n${environment}\n${folder(pid)}`;
      const machine = /(?:^|\0)VMRIG_FAKE_MACHINE=([^\0]*)/.exec(environment)?.[1];
      return all.includes(path) && lives(pid) ? [{ pid, command, machine }] : [];
    });
}

export function childrenOf(pid: number): Pick<Process, "pid" | "command">[] {
  return text(pid, `task/${pid}/children`)
    .split(" ")
    .filter((child) => child !== "")
    .map((child) => ({
      pid: Number(child),
      command: text(Number(child), "cmdline").replaceAll("\0", " ").trim(),
    }));
}

export function send(pid: number, signal: NodeJS.Signals): boolean {
  try {
    return process.kill(pid, signal);
  } catch {
    return false; // the process has ended
  }
}

/** Returns whether the process is alive. A zombie is not: its parent may be dead, too. */
function lives(pid: number): boolean {
  return /^State:\s+[^ZX]/m.test(text(pid, "status"));
}

function folder(pid: number): string {
  try {
    return readlinkSync(`/proc/${pid}/cwd`);
  } catch {
    return "";
  }
}

function text(pid: number, name: string): string {
  try {
    return readFileSync(`/proc/${pid}/${name}`, "utf8");
  } catch {
    return ""; // the process has ended
  }
}
