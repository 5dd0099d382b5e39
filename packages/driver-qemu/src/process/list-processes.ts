import { readdir, readFile, stat } from "node:fs/promises";
import { isNestedProcess } from "vmrig/driver";
import { runProgram } from "./run-program.ts";

export interface RunningProcess {
  readonly pid: number;
  readonly args: readonly string[];
}

/**
 * Returns the processes of this user with their arguments, without those of containers: these have
 * other pids in their own records. `ps` does not show argument boundaries,
 * so paths with spaces are found on Linux only.
 */
export async function runningProcesses(): Promise<RunningProcess[]> {
  return process.platform === "linux" ? await fromProc() : await fromPs();
}

async function fromProc(): Promise<RunningProcess[]> {
  const pids = (await readdir("/proc")).filter((entry) => /^\d+$/.test(entry));
  const all = await Promise.all(
    pids.map(async (pid) => {
      const [owner, status, line] = await Promise.all([
        stat(`/proc/${pid}`).catch(() => undefined),
        readFile(`/proc/${pid}/status`, "utf8").catch(() => ""),
        readFile(`/proc/${pid}/cmdline`, "utf8").catch(() => ""),
      ]);
      return owner?.uid === process.getuid?.() && !isNestedProcess(status)
        ? { pid: Number(pid), args: line.split("\0").slice(0, -1) }
        : undefined;
    }),
  );
  return all.filter((found) => found !== undefined);
}

async function fromPs(): Promise<RunningProcess[]> {
  const lines = (await runProgram("ps", ["-axo", "uid=,pid=,args="]))
    .split("\n")
    .map((line) => line.trim().split(/\s+/));
  return lines
    .filter(([uid]) => Number(uid) === process.getuid?.())
    .map(([, pid, ...args]) => ({ pid: Number(pid), args }));
}
