import { spawn } from "node:child_process";
import { readdir, readFile, mkdtemp, rm } from "node:fs/promises";
import type { Socket } from "node:net";
import type { Writable } from "node:stream";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { openFolders, type Folders } from "vmrig/runner";

/**
 * A separate vmrig installation beside that of this user, with other state, another Redis and other
 * machines. The image cache is shared.
 */
export interface Home extends AsyncDisposable {
  readonly env: Readonly<Record<string, string>>;
  readonly folders: Folders;
  /** Returns the command lines of all live processes of this home, by pid. */
  processes(): Promise<ReadonlyMap<number, string>>;
}

export async function openHome(): Promise<Home> {
  const folder = await mkdtemp(join(tmpdir(), "vmrig-test-"));
  const env = { VMRIG_HOME: folder };
  const folders = await openFolders({ ...process.env, ...env });
  endWithThisProcess([folder, folders.runtime]);
  const processes = (): Promise<ReadonlyMap<number, string>> =>
    processesNaming([folder, folders.runtime]);
  return {
    env,
    folders,
    processes,
    async [Symbol.asyncDispose]() {
      for (const pid of (await processes()).keys()) kill(pid);
      for (const made of [folder, folders.runtime])
        await rm(made, { recursive: true, force: true });
    },
  };
}

const LEFTOVERS = fileURLToPath(new URL("../../../scripts/end-leftovers.mjs", import.meta.url));

/** One process for all homes of this process. */
let leftovers: Writable | undefined;

/**
 * Ends the processes of a home when this process has ended: Vitest runs no `afterAll` when it is
 * interrupted. The folders are on no command line, because it would count as one of them.
 */
function endWithThisProcess(folders: readonly string[]): void {
  leftovers ??= startLeftovers();
  leftovers.write(`${JSON.stringify(folders)}\n`);
}

function startLeftovers(): Writable {
  const child = spawn(process.execPath, [LEFTOVERS], {
    stdio: ["pipe", "ignore", "ignore"],
    // Outside of the terminal's process group: Ctrl-C is for Vitest.
    detached: true,
  });
  child.unref();
  (child.stdin as Socket).unref();
  return child.stdin;
}

/** Reads `/proc` of Linux; the machines of these tests need Linux anyway. */
async function processesNaming(paths: readonly string[]): Promise<ReadonlyMap<number, string>> {
  const found = new Map<number, string>();
  for (const entry of await readdir("/proc")) {
    const pid = Number(entry);
    if (!Number.isInteger(pid) || pid === process.pid) continue;
    const words = (
      await Promise.all(
        ["cmdline", "environ"].map((file) =>
          readFile(`/proc/${pid}/${file}`, "utf8").catch(() => ""),
        ),
      )
    ).join("\0");
    if (paths.some((path) => words.includes(path)))
      found.set(pid, words.split("\0").slice(0, 3).join(" "));
  }
  return found;
}

function kill(pid: number): void {
  try {
    process.kill(pid, "SIGKILL");
  } catch {
    // It ended on its own.
  }
}
