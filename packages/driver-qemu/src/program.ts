import { readFile } from "node:fs/promises";
import { waitFor } from "vmrig/driver";
import { runProgram } from "./run-program.ts";

/**
 * Whether `pid` is a living process whose command line holds `mark`. A pid alone proves nothing: after a reboot it may be anybody's.
 */
export async function isRunning(pid: number, mark: string): Promise<boolean> {
  try {
    process.kill(pid, 0);
  } catch {
    return false;
  }
  const line =
    process.platform === "linux"
      ? await readFile(`/proc/${pid}/cmdline`, "utf8").catch(() => "")
      : await runProgram("ps", ["-o", "args=", "-p", String(pid)], { reject: false });
  return line.includes(mark);
}

/** Ends a process of ours and waits until it is gone: SIGTERM, and after 5 s SIGKILL. */
export async function endProcess(pid: number, mark: string, name: string): Promise<void> {
  const gone = async (): Promise<{ value: true } | { seen: string }> =>
    (await isRunning(pid, mark)) ? { seen: `process ${pid} is still there` } : { value: true };
  for (const [signal, timeoutMs] of [
    ["SIGTERM", 5_000],
    ["SIGKILL", 10_000],
  ] as const) {
    if (!(await isRunning(pid, mark))) return;
    process.kill(pid, signal);
    try {
      await waitFor({ what: `${name} to end`, timeoutMs, intervalMs: 10, code: "QEMU_FAILED", probe: gone });
      return;
    } catch (error) {
      if (signal === "SIGKILL") throw error;
    }
  }
}
