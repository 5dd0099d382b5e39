import { readdirSync, readFileSync, readlinkSync } from "node:fs";

export interface Process {
  readonly pid: number;
  readonly command: string;
  /** The folder of the fake machine that it is a part of. */
  readonly machine: string | undefined;
}

/**
 * Every living process that was started with this path in its command line, its environment or as
 * its folder. Linux only.
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
    return false; // it ended by itself
  }
}

/** A zombie is none: whoever should collect it may be dead, too. */
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
    return ""; // gone
  }
}
