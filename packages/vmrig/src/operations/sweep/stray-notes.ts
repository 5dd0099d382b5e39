import { readdir, rm } from "node:fs/promises";
import { join } from "node:path";
import type { CopySpec } from "../../driver/driver.ts";
import type { Orphan } from "../../driver/orphan.ts";
import type { LeaseStore } from "../../lease/lease-store.ts";
import { isProcessRunning } from "../../local-files/process-identity.ts";
import { whyOver } from "../find-retained-copy.ts";
import {
  dropRetainedCopy,
  retainedCopyPath,
  readRetainedCopy,
} from "../../gate/copies/retained-copy.ts";
import { leasedThroughPath, readLeasedThrough } from "../../gate/store/redis-split-guard.ts";
import { notesFolder } from "../../gate/copies/known-copies.ts";
import { stateFiles } from "../../provision/state-files.ts";
import { ownCopies, type OwnCopy } from "./own-copies.ts";
import type { SweepOptions } from "./sweep-options.ts";

/** A file is first written to `<file>.….<pid>` or `<file>.new-<pid>`, and then moved to its place. */
const OF_PROCESS = /\.(?:new-)?(\d+)$/;

/** Finds expired notes beside the machines, and half-written files of killed processes. */
export async function strayNotes(
  { rig, folders }: SweepOptions,
  store: LeaseStore | undefined,
): Promise<readonly Orphan[]> {
  const copies = await ownCopies(rig, folders, store);
  const free = copies.filter(({ held }) => held === undefined).map(({ copy }) => copy);
  const found = await Promise.all([
    ...copies.map(lapsedKept),
    ...free.flatMap((copy) => [
      leftNote(copy),
      halfWritten(copy.folder),
      halfWritten(stateFiles(copy).folder),
      halfWritten(join(copy.folder, "images")),
      halfWrittenBelow(join(copy.folder, "machines")),
    ]),
    halfWritten(notesFolder(folders)),
  ]);
  return found.flat();
}

async function lapsedKept({ copy, held }: OwnCopy): Promise<readonly Orphan[]> {
  const retained = await readRetainedCopy(copy);
  const path = retainedCopyPath(copy.folder);
  if (
    retained === undefined ||
    whyOver(retained, { copies: [{ copy: copy.copy, fence: 0, ...(held && { held }) }] }) ===
      undefined
  )
    return [];
  return [
    {
      what: `note ${path} of a copy that is no longer retained`,
      copy: copy.copy,
      remove: () => dropRetainedCopy(copy, retained),
    },
  ];
}

async function leftNote(copy: CopySpec): Promise<readonly Orphan[]> {
  const path = leasedThroughPath(copy);
  const dead = async (): Promise<number | undefined> => {
    const pid = (await readLeasedThrough(copy))?.pid;
    return pid === undefined || isProcessRunning(pid) ? undefined : pid;
  };
  const pid = await dead();
  if (pid === undefined) return [];
  return [
    {
      what: `note ${path} of process ${pid}, which is gone`,
      copy: copy.copy,
      async remove() {
        if ((await dead()) === pid) await rm(path, { force: true });
      },
    },
  ];
}

async function halfWrittenBelow(folder: string): Promise<readonly Orphan[]> {
  const names = await readdir(folder).catch(() => []);
  return (await Promise.all(names.map((name) => halfWritten(join(folder, name))))).flat();
}

/** Finds half-written files of one folder, whose process has exited. */
async function halfWritten(folder: string): Promise<readonly Orphan[]> {
  const entries = await readdir(folder, { withFileTypes: true }).catch(() => []);
  return entries
    .filter((entry) => entry.isFile())
    .flatMap(({ name }): readonly Orphan[] => {
      const pid = OF_PROCESS.exec(name)?.[1];
      if (pid === undefined || isProcessRunning(Number(pid))) return [];
      const path = join(folder, name);
      const what = `half-written ${path} of process ${pid}, which is gone`;
      return [{ what, remove: () => rm(path, { force: true }) }];
    });
}
