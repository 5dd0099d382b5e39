import { existsSync } from "node:fs";
import { readdir, rm } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import type { Orphan } from "../orphan.ts";
import { sendCommand, NO_PROCESS } from "./control.ts";
import { allMembers, endMembers } from "./members.ts";

/**
 * Returns processes of machines whose folder is gone, and control sockets of machines that do not
 * exist.
 */
export async function findOrphans(copies: string, runtime: string): Promise<Orphan[]> {
  return [...orphanProcesses(), ...(await orphanSockets(copies, runtime))];
}

function orphanProcesses(): Orphan[] {
  return [...allMembers()]
    .filter(([folder]) => !existsSync(folder))
    .map(([folder, pids]) => ({
      what: `fake machine ${basename(folder)}: process ${pids.join(", ")}, whose folder ${folder} is gone`,
      copy: basename(dirname(dirname(folder))),
      async remove() {
        if (!existsSync(folder)) await endMembers({ folder });
      },
    }));
}

async function orphanSockets(copies: string, runtime: string): Promise<Orphan[]> {
  const found: Orphan[] = [];
  for (const copy of await readdir(runtime).catch(() => [])) {
    for (const entry of await readdir(join(runtime, copy)).catch(() => [])) {
      const path = join(runtime, copy, entry);
      const owned = async (): Promise<boolean> =>
        existsSync(join(copies, copy, "machines", basename(entry, ".control"))) ||
        (await sendCommand(path, { do: "status" })) !== NO_PROCESS;
      if (!entry.endsWith(".control") || (await owned())) continue;
      found.push({
        what: `socket ${path}, whose machine is gone`,
        copy,
        async remove() {
          if (!(await owned())) await rm(path, { force: true });
        },
      });
    }
  }
  return found;
}
