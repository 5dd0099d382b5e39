// Ends what an interrupted test leaves: `node end-leftovers.mjs`, with a JSON list of folders on
// stdin. When stdin ends, because the test's process has ended in any way, it kills every process
// that names one of the folders on its command line, and deletes the folders. Vitest runs no
// `afterAll` when it is interrupted, and QEMU outlives the test that started it.
import { readdirSync, readFileSync, rmSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";

let text = "";
for await (const chunk of process.stdin) text += String(chunk);
const folders = /** @type {readonly string[]} */ (JSON.parse(text));

/** Returns the processes that name one of the folders. */
function leftovers() {
  return readdirSync("/proc").filter((pid) => {
    if (!/^\d+$/.test(pid)) return false;
    try {
      const line = readFileSync(`/proc/${pid}/cmdline`, "utf8");
      return folders.some((folder) => line.includes(folder));
    } catch {
      return false; // It has ended.
    }
  });
}

// A process that is just being started may appear after the first look.
for (let attempt = 0, left = leftovers(); attempt < 100 && left.length > 0; attempt += 1) {
  for (const pid of left) {
    try {
      process.kill(Number(pid), "SIGKILL");
    } catch {
      // It has ended.
    }
  }
  await sleep(50);
  left = leftovers();
}
for (const folder of folders) rmSync(folder, { recursive: true, force: true });
