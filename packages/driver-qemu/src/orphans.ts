import { access, readdir, readFile, rm } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { fileLockHolder, type CopiesFolders, type Orphan } from "vmrig/driver";
import { abandonedDownloads } from "./image/abandoned-downloads.ts";
import { lanPidFile, lanLockPath } from "./network/lan.ts";
import { machineFiles, qemuRun, readJson } from "./machine-files.ts";
import { endProcess, isRunningWithArgument } from "./process/running-program.ts";
import { runningProcesses, type RunningProcess } from "./process/list-processes.ts";

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
  /** Another file that may contain the pid. */
  readonly run?: string;
}

function ownProcess({ pid, args }: RunningProcess): OwnProcess | undefined {
  const program = basename(args[0] ?? "");
  const pidFile = args[args.indexOf("-pidfile") + 1] ?? "";
  if (program === "vde_switch" && basename(pidFile) === "lan.pid") {
    const folder = dirname(pidFile);
    return {
      pid,
      what: "switch of the private network",
      folder,
      pidFile,
      home: folder,
      lock: lanLockPath(folder),
    };
  }
  const home = dirname(pidFile);
  if (
    !program.startsWith("qemu-system-") ||
    basename(pidFile) !== "qemu.pid" ||
    basename(dirname(home)) !== "machines"
  )
    return undefined;
  const folder = dirname(dirname(home));
  const { lock, process: run } = machineFiles({ folder, runtimeFolder: "" }, basename(home));
  return { pid, what: `QEMU of ${basename(home)}`, folder, pidFile, home, lock, run };
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
          if ((await whyOrphan(candidate)) !== undefined) await endProcess(pid, pidFile, what);
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
async function whyOrphan({
  pid,
  pidFile,
  home,
  lock,
  run,
}: OwnProcess): Promise<string | undefined> {
  if ((await fileLockHolder(lock)) !== undefined) return undefined;
  const written = Number(await readFile(pidFile, "utf8").catch(() => "0"));
  const started = run === undefined ? undefined : (await readJson(run, qemuRun))?.pid;
  if (written === pid || started === pid || !(await isRunningWithArgument(pid, pidFile)))
    return undefined;
  if (!(await exists(home))) return `whose folder ${home} is gone`;
  return `not recorded in ${home}`;
}

/**
 * Finds sockets of missing machines and switches. A socket that a process still has open is listed
 * with the process.
 */
async function orphanSockets({ copies, runtime }: CopiesFolders): Promise<Orphan[]> {
  const processes = await runningProcesses();
  const found: Orphan[] = [];
  for (const copy of await readdir(runtime).catch(() => [])) {
    for (const entry of await readdir(join(runtime, copy)).catch(() => [])) {
      const machine = /^(.+)\.(qmp|agent)$/.exec(entry)?.[1];
      if (machine === undefined && entry !== "lan") continue;
      const path = join(runtime, copy, entry);
      const owner =
        machine === undefined
          ? lanPidFile(join(copies, copy))
          : join(copies, copy, "machines", machine);
      const lock =
        machine === undefined
          ? lanLockPath(join(copies, copy))
          : machineFiles({ folder: join(copies, copy), runtimeFolder: "" }, machine).lock;
      const owned = async (): Promise<boolean> =>
        (await exists(owner)) || (await fileLockHolder(lock)) !== undefined;
      if ((await owned()) || processes.some(({ args }) => args.some((arg) => arg.includes(path))))
        continue;
      found.push({
        what: `socket ${path}, whose ${machine === undefined ? "switch" : "machine"} is gone`,
        copy,
        async remove() {
          if (!(await owned())) await rm(path, { recursive: true, force: true });
        },
      });
    }
  }
  return found;
}

async function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}
