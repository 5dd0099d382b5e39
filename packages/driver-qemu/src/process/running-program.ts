import { readFile } from "node:fs/promises";
import { waitFor } from "vmrig/driver";
import { runProgram } from "./run-program.ts";

/**
 * Whether `pid` is a running process of this user with the argument `identifyingArgument`, which no
 * other process has. A pid alone proves nothing: after a reboot it may belong to any process. A
 * start time would prove it, but QEMU and the switch write a bare pid to their pid files.
 */
export async function isRunningWithArgument(
  pid: number,
  identifyingArgument: string,
): Promise<boolean> {
  try {
    process.kill(pid, 0);
  } catch {
    return false;
  }
  if (process.platform === "linux") {
    const line = await readFile(`/proc/${pid}/cmdline`, "utf8").catch(() => "");
    return line.split("\0").includes(identifyingArgument);
  }
  // `ps` does not show argument boundaries.
  return ` ${await runProgram("ps", ["-o", "args=", "-p", String(pid)], { reject: false })} `.includes(
    ` ${identifyingArgument} `,
  );
}

export interface EndOptions {
  readonly pid: number;
  /** Ends the process only if it has this argument. */
  readonly identifyingArgument: string;
  /** Name for errors: `QEMU of pc1`. */
  readonly name: string;
  /** Time to end after SIGTERM. @defaultValue 5000 */
  readonly timeoutMs?: number;
}

/** Ends a process with SIGTERM, after a timeout with SIGKILL, and waits until it has exited. */
export async function endProcess(options: EndOptions): Promise<void> {
  const { pid, identifyingArgument, name, timeoutMs = 5_000 } = options;
  for (const [signal, limitMs] of [
    ["SIGTERM", timeoutMs],
    ["SIGKILL", 10_000],
  ] as const) {
    if (!(await isRunningWithArgument(pid, identifyingArgument))) return;
    if (!sendSignal(pid, signal)) return;
    try {
      await waitFor({
        what: `${name} to end`,
        timeoutMs: limitMs,
        intervalMs: 10,
        code: "QEMU_FAILED",
        probe: async () =>
          (await isRunningWithArgument(pid, identifyingArgument))
            ? { seen: `process ${pid} is still running` }
            : { value: true },
      });
      return;
    } catch (error) {
      if (signal === "SIGKILL") throw error;
    }
  }
}

/** Sends a signal. Returns false if the process has just exited. */
export function sendSignal(pid: number, signal: NodeJS.Signals): boolean {
  try {
    process.kill(pid, signal);
    return true;
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ESRCH") return false;
    throw error;
  }
}
