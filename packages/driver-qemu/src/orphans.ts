import { readdir, readFile, rm } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { fileLockHolder, type CopiesFolders, type Orphan } from "vmrig/driver";
import { fileExists } from "./file-exists.ts";
import { abandonedDownloads } from "./image/abandoned-downloads.ts";
import { machineFiles, qemuProcess, readJson } from "./machine-files.ts";
import { lanLockPath, lanPidFile } from "./network/lan.ts";
import { runningProcesses, type RunningProcess } from "./process/list-processes.ts";
import { endProcess, isRunningWithArgument } from "./process/running-program.ts";

/** Finds processes and files of this driver without an owner. */
export async function findOrphans(folders: CopiesFolders): Promise<Orphan[]> {
  const found = await Promise.all([
    orphanProcesses(),
    orphanSockets(folders),
    ...["images", "tools"].map((name) => abandonedDownloads(join(folders.cache, name))),
  ]);
  return found.flat();
}

/**
 * A process of this driver, identified by its pid file: no other process has that path on its
 * command line.
 */
interface OwnProcess {
  readonly pid: number;
  readonly what: string;
  /** Folder of its copy. */
  readonly folder: string;
  readonly pidFile: string;
  /** Folder that is missing when the process is an orphan. */
  readonly home: string;
  readonly lock: string;
  /** Record of QEMU's last start, which may contain the pid. */
  readonly record?: string;
}

function ownProcess({ pid, args }: RunningProcess): OwnProcess | undefined {
  const program = basename(args[0] ?? "");
  const pidFile = args[args.indexOf("-pidfile") + 1] ?? "";
  const home = dirname(pidFile);
  if (program === "vde_switch" && basename(pidFile) === "lan.pid") {
    const what = "switch of the private network";
    return { pid, what, folder: home, pidFile, home, lock: lanLockPath(home) };
  }
  if (
    !program.startsWith("qemu-system-") ||
    basename(pidFile) !== "qemu.pid" ||
    basename(dirname(home)) !== "machines"
  )
    return undefined;
  const folder = dirname(dirname(home));
  const name = basename(home);
  const { lock, process: record } = machineFiles({ folder, runtimeFolder: "" }, name);
  return { pid, what: `QEMU of ${name}`, folder, pidFile, home, lock, record };
}

async function orphanProcesses(): Promise<Orphan[]> {
  const own = (await runningProcesses())
    .map(ownProcess)
    .filter((candidate) => candidate !== undefined);
  const orphans = await Promise.all(
    own.map(async (candidate): Promise<Orphan | undefined> => {
      const why = await whyOrphan(candidate);
      if (why === undefined) return undefined;
      const { pid, pidFile, what, folder } = candidate;
      return {
        what: `${what}: process ${pid}, ${why}`,
        copy: basename(folder),
        async remove() {
          if ((await whyOrphan(candidate)) !== undefined)
            await endProcess({ pid, identifyingArgument: pidFile, name: what });
        },
      };
    }),
  );
  return orphans.filter((orphan) => orphan !== undefined);
}

/**
 * Returns the reason why a process is an orphan. Checks the process last: a process that was just
 * started or is about to end is no orphan.
 */
async function whyOrphan(candidate: OwnProcess): Promise<string | undefined> {
  const { pid, pidFile, home, lock, record } = candidate;
  if ((await fileLockHolder(lock)) !== undefined) return undefined;
  const written = Number(await readFile(pidFile, "utf8").catch(() => "0"));
  const recorded = record === undefined ? undefined : (await readJson(record, qemuProcess))?.pid;
  if (written === pid || recorded === pid || !(await isRunningWithArgument(pid, pidFile)))
    return undefined;
  if (!(await fileExists(home))) return `whose folder ${home} is gone`;
  return `not recorded in ${home}`;
}

/** A socket of this driver, or the folder with the sockets of a switch. */
interface OwnSocket {
  readonly path: string;
  readonly copy: string;
  readonly of: "machine" | "switch";
  /** File or folder that is missing when the socket is an orphan. */
  readonly owner: string;
  readonly lock: string;
}

async function ownSockets({ copies, runtime }: CopiesFolders): Promise<OwnSocket[]> {
  const found: OwnSocket[] = [];
  for (const copy of await readdir(runtime).catch(() => [])) {
    const folder = join(copies, copy);
    for (const entry of await readdir(join(runtime, copy)).catch(() => [])) {
      const socket = { path: join(runtime, copy, entry), copy };
      const name = /^(.+)\.(qmp|agent|gdb)$/.exec(entry)?.[1];
      if (name !== undefined) {
        const { folder: owner, lock } = machineFiles({ folder, runtimeFolder: "" }, name);
        found.push({ ...socket, of: "machine", owner, lock });
      } else if (entry === "lan") {
        const lock = lanLockPath(folder);
        found.push({ ...socket, of: "switch", owner: lanPidFile(folder), lock });
      }
    }
  }
  return found;
}

/**
 * Finds sockets of missing machines and switches. A socket that a process still has open is listed
 * with the process.
 */
async function orphanSockets(folders: CopiesFolders): Promise<Orphan[]> {
  const processes = await runningProcesses();
  const found: Orphan[] = [];
  for (const { path, copy, of, owner, lock } of await ownSockets(folders)) {
    const hasOwner = async (): Promise<boolean> =>
      (await fileExists(owner)) || (await fileLockHolder(lock)) !== undefined;
    if (await hasOwner()) continue;
    if (processes.some(({ args }) => args.some((arg) => arg.includes(path)))) continue;
    found.push({
      what: `socket ${path}, whose ${of} is gone`,
      copy,
      async remove() {
        if (!(await hasOwner())) await rm(path, { recursive: true, force: true });
      },
    });
  }
  return found;
}
