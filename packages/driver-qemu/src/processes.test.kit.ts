import { readdir, readFile } from "node:fs/promises";
import { waitFor } from "vmrig/driver";

export interface Process {
  readonly pid: number;
  readonly command: string;
}

/**
 * QEMU and switches: all that have a path below `root` on their command line. The machines of these
 * tests need Linux anyway.
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

/** Ends them, however the tests ended. */
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
          // It ended on its own.
        }
      }
      return left.length === 0
        ? { value: true }
        : { seen: left.map(({ command }) => command.slice(0, 80)).join("; ") };
    },
  });
}
