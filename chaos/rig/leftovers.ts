import { readdir } from "node:fs/promises";
import { join, relative } from "node:path";
import { processesOf } from "./processes.ts";
import { keysLike } from "./redis-server.ts";
import type { ChaosRig } from "./chaos-rig.ts";

/** Everything that is no longer needed but was not removed. */
export interface Leftovers {
  /** Keys of leases and of waiters, and any other key in Redis. */
  readonly keys: readonly string[];
  readonly processes: readonly string[];
  readonly sockets: readonly string[];
  readonly files: readonly string[];
}

/**
 * These keys outlive every lease on purpose: the largest fence issued, the record of the last
 * Terraform run, the time of the last use, the id of this Redis, and the history of the states that
 * are stored there. See docs/concepts/lease.md.
 */
const LASTING_KEYS = /:(fence|record|used|id|state|state-versions)$/;

/** Names of files that programs rename or delete later. */
const TEMPORARY =
  /^(plan-.*|new|old|filler|errored\.tfstate|\.terraform\.tfstate\.lock\.info|leased-through\.json.*|.*\.(new|tmp|\d+))$/;

export interface Allowed {
  /** Allows the machines, which outlive the run: their processes and their control sockets. */
  readonly machines: boolean;
}

export async function findLeftovers(rig: ChaosRig, { machines }: Allowed): Promise<Leftovers> {
  const { root, redis, runtime, state, temporary } = rig;
  const [keys, sockets, stateFiles, temporaryFiles] = await Promise.all([
    keysLike(redis.operator, "*"),
    filesUnder(runtime),
    filesUnder(state),
    filesUnder(temporary),
  ]);
  const seen = new Set<string>();
  /**
   * Whether a process belongs to a machine: one process for each machine, and the processes that
   * its holders left running in it, which the next rollback ends.
   */
  const isMachine = ({
    command,
    machine,
  }: {
    readonly command: string;
    readonly machine: string | undefined;
  }): boolean => {
    if (!machines) return false;
    if (/^\S*(qemu-system-\w+|vde_switch) /.test(command)) return true;
    if (machine === undefined) return false;
    if (!/machine-process\.[jt]s/.test(command)) return true;
    return !seen.has(machine) && seen.add(machine).has(machine);
  };
  return {
    keys: keys.filter((key) => !LASTING_KEYS.test(key)),
    processes: processesOf(root)
      .filter((process) => !process.command.includes(redis.socketPath) && !isMachine(process))
      .map(({ pid, command }) => `${pid} ${command}`),
    sockets: sockets.filter(
      (path) => !machines || !/^[^/]+\/([^/]+\.(control|qmp|agent)|lan\/.+)$/.test(path),
    ),
    files: [...stateFiles.filter((path) => isTemporary(path)), ...temporaryFiles],
  };
}

export function count({ keys, processes, sockets, files }: Leftovers): number {
  return keys.length + processes.length + sockets.length + files.length;
}

/**
 * Files on a machine's disk or in a snapshot of it belong to the machine, and Terraform keeps its
 * providers in folders that are named by version.
 */
function isTemporary(path: string): boolean {
  const own = path
    .replace(/\/machines\/([^/]+)\/(disk|snapshots|fences)\/.*$/, "")
    .replace(/\/terraform\/data\/providers\/.*$/, "");
  return own.split("/").some((name) => TEMPORARY.test(name));
}

async function filesUnder(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true }).catch(() => []);
  return entries
    .filter((entry) => !entry.isDirectory())
    .map((entry) => relative(folder, join(entry.parentPath, entry.name)));
}
