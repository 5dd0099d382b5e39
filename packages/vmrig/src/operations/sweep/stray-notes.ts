import { readdir, rm } from "node:fs/promises";
import { join } from "node:path";
import type { CopySpec } from "../../driver/driver.ts";
import type { Orphan } from "../../driver/orphan.ts";
import type { LeaseStore } from "../../lease/lease-store.ts";
import { isProcessRunning, parseIdentity } from "../../local-files/process-identity.ts";
import { recordedProcessState } from "../../local-files/recorded-process.ts";
import { whyOver } from "../find-retained-copy.ts";
import {
  dropRetainedCopy,
  retainedCopyPath,
  readRetainedCopy,
} from "../../gate/copies/retained-copy.ts";
import { leasedThroughPath, readLeasedThrough } from "../../gate/store/copy-guard.ts";
import { notesFolder } from "../../gate/copies/known-copies.ts";
import { stateFiles } from "../../provision/state-files.ts";
import { ownCopies, type OwnCopy } from "./own-copies.ts";
import type { SweepOptions } from "./sweep-options.ts";

/** A file is first written to `<file>.….<process>`, and then moved to its place. */
const OF_PROCESS = /\.[0-9a-f]{8}\.(\d+_[^/]*)$/;
/** Older versions of the QEMU driver wrote to `<file>.new-<pid>`. */
const OF_PID = /\.new-(\d+)$/;

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
      ...[copy.folder, stateFiles(copy).folder, join(copy.folder, "images")].map((folder) =>
        halfWritten(folder, copy.folder),
      ),
      halfWrittenBelow(join(copy.folder, "machines"), copy.folder),
    ]),
    halfWritten(notesFolder(folders), folders.state),
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
    const holder = await readLeasedThrough(copy);
    return holder !== undefined && (await recordedProcessState(holder, copy.folder)) === "ended"
      ? holder.pid
      : undefined;
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

async function halfWrittenBelow(folder: string, claimed: string): Promise<readonly Orphan[]> {
  const names = await readdir(folder).catch(() => []);
  return (await Promise.all(names.map((name) => halfWritten(join(folder, name), claimed)))).flat();
}

/**
 * Finds half-written files of one folder, whose process has exited.
 *
 * @param claimed Folder whose claim tells whether a process of another container has exited.
 */
async function halfWritten(folder: string, claimed: string): Promise<readonly Orphan[]> {
  const entries = await readdir(folder, { withFileTypes: true }).catch(() => []);
  const found = await Promise.all(
    entries
      .filter((entry) => entry.isFile())
      .map(async ({ name }) => {
        const pid = await deadWriter(name, claimed);
        const path = join(folder, name);
        const what = `half-written ${path} of process ${pid}, which is gone`;
        return pid === undefined ? [] : [{ what, remove: () => rm(path, { force: true }) }];
      }),
  );
  return found.flat();
}

/** Returns the pid in the name of a half-written file, when that process has ended. */
async function deadWriter(name: string, claimed: string): Promise<number | undefined> {
  const writer = parseIdentity(OF_PROCESS.exec(name)?.[1] ?? "");
  if (writer !== undefined)
    return (await recordedProcessState(writer, claimed)) === "ended" ? writer.pid : undefined;
  const pid = Number(OF_PID.exec(name)?.[1] ?? Number.NaN);
  return Number.isNaN(pid) || isProcessRunning(pid) ? undefined : pid;
}
