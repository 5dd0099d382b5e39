import { spawn } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import type { Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";

export interface PrivateFolder extends AsyncDisposable {
  readonly path: string;
}

/** Removes its first argument when its standard input ends. */
const GUARD = 'while read -r line; do :; done; exec rm -rf -- "$1"';

/** Creates a folder that is removed when this process ends, in any way. */
export async function createPrivateFolder(): Promise<PrivateFolder> {
  const path = await mkdtemp(join(tmpdir(), "hcloud-double-"));
  const guard = spawn("sh", ["-c", GUARD, "sh", path], {
    stdio: ["pipe", "ignore", "ignore"],
    // Outside of the terminal's process group: Ctrl-C is for the test.
    detached: true,
  });
  guard.on("error", () => {});
  guard.unref();
  (guard.stdin as Socket).unref();
  return {
    path,
    async [Symbol.asyncDispose]() {
      await rm(path, { recursive: true, force: true });
      guard.stdin.end();
    },
  };
}
