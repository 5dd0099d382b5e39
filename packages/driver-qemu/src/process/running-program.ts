import { readFile } from "node:fs/promises";
import { waitFor } from "vmrig/driver";
import { runProgram } from "./run-program.ts";

/**
 * Tells whether `pid` is a running process of this user with the argument `mark`. A pid alone
 * proves nothing: after a reboot it may belong to any process. A start time would prove it, but
 * QEMU and the switch write a bare pid to their pid files.
 */
export async function isRunningWithArgument(pid: number, mark: string): Promise<boolean> {
  try {
    process.kill(pid, 0);
  } catch {
    return false;
  }
  if (process.platform === "linux") {
    const line = await readFile(`/proc/${pid}/cmdline`, "utf8").catch(() => "");
    return line.split("\0").includes(mark);
  }
  // `ps` does not show argument boundaries.
  return ` ${await runProgram("ps", ["-o", "args=", "-p", String(pid)], { reject: false })} `.includes(
    ` ${mark} `,
  );
}

/**
 * Ends a process with SIGTERM, after `patienceMs` with SIGKILL, and waits until it has exited.
 */
export async function endProcess(
  pid: number,
  mark: string,
  name: string,
  patienceMs = 5_000,
): Promise<void> {
  const gone = async (): Promise<{ value: true } | { seen: string }> =>
    (await isRunningWithArgument(pid, mark))
      ? { seen: `process ${pid} is still running` }
      : { value: true };
  for (const [signal, timeoutMs] of [
    ["SIGTERM", patienceMs],
    ["SIGKILL", 10_000],
  ] as const) {
    if (!(await isRunningWithArgument(pid, mark))) return;
    try {
      process.kill(pid, signal);
    } catch (error) {
      // It has just exited.
      if (error instanceof Error && "code" in error && error.code === "ESRCH") return;
      throw error;
    }
    try {
      await waitFor({
        what: `${name} to end`,
        timeoutMs,
        intervalMs: 10,
        code: "QEMU_FAILED",
        probe: gone,
      });
      return;
    } catch (error) {
      if (signal === "SIGKILL") throw error;
    }
  }
}
