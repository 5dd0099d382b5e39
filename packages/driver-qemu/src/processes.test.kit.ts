import { spawn } from "node:child_process";
import { readdir, readFile } from "node:fs/promises";
import type { Socket } from "node:net";
import { fileURLToPath } from "node:url";
import { waitFor } from "vmrig/driver";

export interface Process {
  readonly pid: number;
  readonly command: string;
}

/**
 * Returns QEMU and switch processes: all with a path below `root` on their command line. Linux
 * only, like the machines of these tests.
 */
export async function processes(root: string): Promise<Process[]> {
  const all = await Promise.all(
    (await readdir("/proc"))
      .filter((entry) => /^\d+$/.test(entry))
      .map(async (pid) => ({
        pid: Number(pid),
        command: (await readFile(`/proc/${pid}/cmdline`, "utf8").catch(() => "")).replaceAll(
          "\0",
          " ",
        ),
      })),
  );
  return all.filter(({ command }) => command.includes(`${root}/`));
}

/** Ends all such processes, also after failed tests. */
export async function endAll(root: string): Promise<void> {
  await waitFor({
    what: "the machines' processes to end",
    timeoutMs: 30_000,
    probe: async () => {
      const left = await processes(root);
      for (const { pid } of left) {
        try {
          process.kill(pid, "SIGKILL");
        } catch {
          // It has already exited.
        }
      }
      return left.length === 0
        ? { value: true }
        : { seen: left.map(({ command }) => command.slice(0, 80)).join("; ") };
    },
  });
}

const LEFTOVERS = fileURLToPath(new URL("../../../scripts/end-leftovers.mjs", import.meta.url));

/**
 * Ends the processes below a folder, and deletes the folder, when this process has ended: Vitest
 * runs no `afterAll` when it is interrupted. The folder is on no command line, because it would
 * count as one of these processes.
 */
export function endWithThisProcess(root: string): void {
  const child = spawn(process.execPath, [LEFTOVERS], {
    stdio: ["pipe", "ignore", "ignore"],
    // Outside of the terminal's process group: Ctrl-C is for Vitest.
    detached: true,
  });
  child.stdin.write(`${JSON.stringify([root])}\n`);
  child.unref();
  (child.stdin as Socket).unref();
}
