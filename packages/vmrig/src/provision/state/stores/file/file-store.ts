import { readdir, readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import { z } from "zod";
import type { Fence } from "../../../../driver/driver.ts";
import { isVmrigError, VmrigError } from "../../../../errors/vmrig-error.ts";
import type { CopyName } from "../../../../lease/keys.ts";
import { writeTextAtomically } from "../../../../local-files/atomic-write.ts";
import { withFileLock } from "../../../../local-files/file-lock.ts";
import { ensurePrivateFolder } from "../../../../local-files/private-folder.ts";
import { checkSize } from "../../size-limit.ts";
import { decodeRecord, encodeRecord, versionOf } from "../../state-record.ts";
import {
  KEPT_VERSIONS,
  type StateStore,
  type StoredState,
  type WriteOutcome,
} from "../../state-store.ts";

/** Names the newest version. Written last: a version without it was never stored. */
const HEAD = "head.json";
const HEAD_SCHEMA = z.object({
  fence: z.number().int().nonnegative(),
  version: z.number().int().nonnegative(),
});
type Head = z.infer<typeof HEAD_SCHEMA>;

/**
 * State store on this computer, for machines on this computer. One file per version, which only
 * this user can read. A file lock makes the check and the write one step.
 *
 * @param options.folder path to show
 * @param options.folderOf folder of a copy's versions, which no other copy has. @defaultValue
 *   `<folder>/<rig>/<copy>`
 */
export function fileStore(options: {
  readonly folder: string;
  readonly folderOf?: (copy: CopyName) => string;
}): StateStore {
  const { folder } = options;
  const folderOf =
    options.folderOf ?? (({ rig, copy }: CopyName): string => join(folder, rig, copy));
  const pathOf = (copy: CopyName, version: number): string =>
    join(folderOf(copy), `${version}.tfstate`);

  const readVersion = async (copy: CopyName, version: number): Promise<StoredState | undefined> => {
    const path = pathOf(copy, version);
    const record = await readIfExists(path);
    return record === undefined ? undefined : decodeRecord(record, path);
  };

  const current = async (copy: CopyName, { version }: Head): Promise<StoredState | undefined> => {
    if (version === 0) return undefined;
    const state = await readVersion(copy, version);
    if (state === undefined) throw missing(pathOf(copy, version));
    return state;
  };

  /** Runs `act` while no other process of this computer uses this state. */
  const alone = async <T>(copy: CopyName, act: (head: Head) => Promise<T>): Promise<T> => {
    await ensurePrivateFolder(folder);
    const path = join(folderOf(copy), "state.lock");
    return await withFileLock({ path, on: copy.copy }, async () => {
      await ensurePrivateFolder(folderOf(copy));
      return await act(await readHead(folderOf(copy)));
    });
  };

  return {
    shown: folder,

    claim: (copy, fence) =>
      alone(copy, async (head) => {
        if (fence < head.fence) return fenced(head);
        if (fence > head.fence) await writeHead(folderOf(copy), { ...head, fence });
        return { outcome: "claimed", current: await current(copy, head) };
      }),

    async write(copy, write) {
      checkSize(write.text, copy.copy, folder);
      return await alone(copy, async (head): Promise<WriteOutcome> => {
        if (write.fence < head.fence) return fenced(head);
        if (write.base !== head.version) {
          const stored = await current(copy, head);
          return stored?.write === write.id
            ? { outcome: "written", version: head.version }
            : { outcome: "conflict", version: head.version };
        }
        const version = versionOf(write);
        await writeTextAtomically(
          pathOf(copy, version.version),
          encodeRecord(version, write.text),
          { sync: true },
        );
        await writeHead(folderOf(copy), { fence: write.fence, version: version.version });
        await prune(folderOf(copy), version.version);
        return { outcome: "written", version: version.version };
      });
    },

    newestVersion: async (copy) => (await readHead(folderOf(copy))).version,

    async read(copy) {
      const head = await readHead(folderOf(copy));
      return await current(copy, head);
    },

    async history(copy) {
      const { version: newest } = await readHead(folderOf(copy));
      const versions = await versionsIn(folderOf(copy));
      const kept = versions.filter((version) => version <= newest).slice(0, KEPT_VERSIONS);
      // A damaged version must not hide those that a person may return to.
      const states = await Promise.all(
        kept.map((version) => readVersion(copy, version).catch(ignoreDamage)),
      );
      return states.flatMap((state) => {
        if (state === undefined) return [];
        const { text: _, ...version } = state;
        return [version];
      });
    },

    async readVersion(copy, version) {
      const head = await readHead(folderOf(copy));
      return version > head.version ? undefined : await readVersion(copy, version);
    },

    async [Symbol.asyncDispose]() {},
  };
}

function ignoreDamage(error: unknown): undefined {
  if (isVmrigError(error) && error.code === "STATE_LOST") return undefined;
  throw error;
}

function fenced({ fence }: { readonly fence: Fence }): {
  readonly outcome: "fenced";
  readonly fence: Fence;
} {
  return { outcome: "fenced", fence };
}

async function readHead(folder: string): Promise<Head> {
  const path = join(folder, HEAD);
  const text = await readIfExists(path);
  if (text === undefined) {
    const [newest] = await versionsIn(folder);
    if (newest === undefined) return { fence: 0, version: 0 };
    throw damagedHead(folder, new Error(`it is missing, and the newest version is ${newest}`));
  }
  try {
    return HEAD_SCHEMA.parse(JSON.parse(text));
  } catch (error) {
    throw damagedHead(folder, error);
  }
}

function damagedHead(folder: string, cause: unknown): VmrigError {
  return new VmrigError("STATE_LOST", {
    message: `${join(folder, HEAD)} is damaged: it does not name the newest version of the state.`,
    details: [`the versions are the files beside it: ${folder}`],
    hint: `write {"fence":0,"version":N} to it, with the largest N`,
    cause,
  });
}

async function writeHead(folder: string, head: Head): Promise<void> {
  await writeTextAtomically(join(folder, HEAD), `${JSON.stringify(head)}\n`, { sync: true });
}

/** Returns the versions that have a file, newest first. */
async function versionsIn(folder: string): Promise<number[]> {
  const names = await readdir(folder).catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT") return [];
    throw error;
  });
  return names
    .flatMap((name) => /^(\d+)\.tfstate$/.exec(name)?.[1] ?? [])
    .map(Number)
    .sort((a, b) => b - a);
}

async function prune(folder: string, newest: number): Promise<void> {
  const old = (await versionsIn(folder)).filter((version) => version <= newest - KEPT_VERSIONS);
  await Promise.all(old.map((version) => rm(join(folder, `${version}.tfstate`), { force: true })));
}

async function readIfExists(path: string): Promise<string | undefined> {
  return await readFile(path, "utf8").catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT") return undefined;
    throw error;
  });
}

function missing(path: string): VmrigError {
  return new VmrigError("STATE_LOST", {
    message: `The newest version of the state is missing: ${path}.`,
    hint: "restore this file, or return to an earlier version of the state",
  });
}
