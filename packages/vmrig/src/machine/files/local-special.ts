import { constants, createWriteStream, openSync } from "node:fs";
import { stat } from "node:fs/promises";
import { Socket } from "node:net";
import type { Writable } from "node:stream";
import { waitFor } from "../../wait/wait-for.ts";

const READER_MS = 3_600_000;
const INTERVAL_MS = 20;

/** Opens a device or FIFO of this computer for writing. A FIFO waits for a reader. */
export async function openSpecial(path: string, signal: AbortSignal): Promise<Writable> {
  if (!(await stat(path)).isFIFO()) return createWriteStream(path);
  // A blocking open, and a blocking write, would occupy a thread of Node.js until there is a
  // reader. Neither can be cancelled, and both keep the process from exiting.
  const fd = await waitFor<number>({
    what: `a reader of ${path}`,
    timeoutMs: READER_MS,
    intervalMs: INTERVAL_MS,
    signal,
    probe: async () => {
      try {
        return { value: openSync(path, constants.O_WRONLY | constants.O_NONBLOCK) };
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== "ENXIO") throw error;
        return { seen: "no process reads it" };
      }
    },
  });
  return new Socket({ fd, readable: false, writable: true });
}
