// Ends what an interrupted test leaves: `node end-leftovers.mjs`, with lines of JSON on stdin, each a
// list of folders. When stdin ends, because the test's process has ended in any way, it kills the
// programs of a test that name one of the folders on their command line, and deletes the folders.
// Vitest runs no `afterAll` when it is interrupted, and QEMU outlives the test that started it.
//
// Other programs may name such a folder, too: an editor, or `tail` on a log.
import { readdirSync, readFileSync, readlinkSync, rmSync, statSync } from "node:fs";
import { basename, isAbsolute, normalize } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";

const REPOSITORY = fileURLToPath(new URL("..", import.meta.url));
const OF_TESTS =
  /^(qemu-(system-\w+|img)|redis-server|valkey-server|vde_switch|terraform|tofu|terraform-provider-\S+)$/;
const INTERPRETERS = new Set(["sh", "bash", "dash", "node"]);

let text = "";
for await (const chunk of process.stdin) text += String(chunk);
const folders = text
  .split("\n")
  .filter((line) => line !== "")
  .flatMap((line) => /** @type {readonly string[]} */ (JSON.parse(line)));
for (const folder of folders) {
  // "/tmp/vmrig-test-a1B2c3" has two levels. Many processes name "/tmp".
  if (!isAbsolute(folder) || normalize(folder).split("/").filter(Boolean).length < 2)
    throw new Error(`end-leftovers: not a folder of a test: ${folder}`);
}

/**
 * Whether a command line is that of a program that tests start: one of those names, also as a
 * script, or a Node.js program of this repository.
 *
 * @param {readonly string[]} words
 */
function isOfTests([first = "", ...rest]) {
  // Redis rewrites its command line to one word with spaces.
  const program = basename(first.split(" ")[0] ?? "");
  if (OF_TESTS.test(program)) return true;
  if (!INTERPRETERS.has(program)) return false;
  return (
    OF_TESTS.test(basename(rest[0] ?? "")) ||
    (program === "node" && rest.some((word) => word.startsWith(REPOSITORY)))
  );
}

/** Returns the processes of this user and PID namespace that tests started in the folders. */
function leftovers() {
  const namespace = readlinkSync("/proc/self/ns/pid");
  return readdirSync("/proc").filter((pid) => {
    if (!/^\d+$/.test(pid) || Number(pid) === process.pid) return false;
    try {
      const line = readFileSync(`/proc/${pid}/cmdline`, "utf8");
      return (
        folders.some((folder) => line.includes(folder)) &&
        isOfTests(line.split("\0")) &&
        statSync(`/proc/${pid}`).uid === process.getuid?.() &&
        readlinkSync(`/proc/${pid}/ns/pid`) === namespace
      );
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
