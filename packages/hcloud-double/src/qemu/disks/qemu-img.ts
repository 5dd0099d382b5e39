import { execFile } from "node:child_process";
import { promisify } from "node:util";

const run = promisify(execFile);
const TIMEOUT_MS = 300_000;

/**
 * Runs qemu-img, and returns its output. The kernel ends it together with this process.
 *
 * @throws Error with its message, or after five minutes
 */
export async function qemuImg(...args: readonly string[]): Promise<string> {
  const { stdout } = await run("setpriv", ["--pdeathsig", "KILL", "qemu-img", ...args], {
    timeout: TIMEOUT_MS,
  });
  return stdout;
}
