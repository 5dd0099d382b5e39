import { readFile } from "node:fs/promises";
import { waitFor } from "../wait/wait-for.ts";
import { pidFile } from "./redis-process.ts";

/**
 * Ends the embedded Redis of a test, if one runs, by its pid file. SIGKILL is fine: the test no
 * longer needs the data.
 */
export async function endRedis(dataFolder: string): Promise<void> {
  const pid = Number(await readFile(pidFile(dataFolder), "utf8").catch(() => "0"));
  if (pid <= 1) return;
  await waitFor({
    what: "the test's Redis to end",
    timeoutMs: 10_000,
    intervalMs: 10,
    probe: async () => {
      const command = await readFile(`/proc/${pid}/cmdline`, "utf8").catch(() => "");
      if (!/(redis|valkey)-server/.test(command)) return { value: true };
      try {
        process.kill(pid, "SIGKILL");
      } catch {
        return { value: true }; // it ended between the check and the kill
      }
      return { seen: "still there" };
    },
  });
}
