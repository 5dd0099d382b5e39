import { randomUUID } from "node:crypto";
import { chmod, lstat, readdir, realpath, rename, rm, stat } from "node:fs/promises";
import { basename, dirname, join, resolve } from "node:path";

/** Where something of this computer is written before it gets its name, and what is there. */
export interface LocalStaging extends AsyncDisposable {
  /** The path, behind whatever symbolic links. */
  readonly target: string;
  /** A name of its own on the same file system, which may be written to. */
  readonly temp: string;
  readonly targetIsThere: boolean;
  readonly targetIsFolder: boolean;
}

export async function stageLocally(path: string): Promise<LocalStaging> {
  const target = await realpath(path).catch(async () => join(await realpath(dirname(resolve(path))), basename(resolve(path))));
  const facts = await stat(target).catch(() => undefined);
  const targetIsFolder = facts?.isDirectory() === true;
  const temp = join(targetIsFolder ? target : dirname(target), `.vmrig-${randomUUID()}`);
  return { target, temp, targetIsThere: facts !== undefined, targetIsFolder, [Symbol.asyncDispose]: () => discard(temp) };
}

/** The bytes of all files in a folder. */
export async function sizeOf(folder: string): Promise<number> {
  const entries = await readdir(folder, { withFileTypes: true, recursive: true });
  const files = entries.filter((entry) => entry.isFile());
  let total = 0;
  for (let at = 0; at < files.length; at += AT_A_TIME) {
    const sizes = files.slice(at, at + AT_A_TIME).map(async (file) => (await lstat(join(file.parentPath, file.name))).size);
    for (const size of await Promise.all(sizes)) total += size;
  }
  return total;
}

const AT_A_TIME = 64;

/**
 * Moves a file to its name, replacing what has it; a folder to where none is, or all that is in it into the one that is there: each file at
 * once, folders that are there stay as they are.
 */
export async function moveInto(from: string, into: string): Promise<void> {
  if (!(await lstat(from)).isDirectory()) return rename(from, into);
  if (!(await isFolder(into))) {
    await moveFolder(from, into);
    return;
  }
  await chmod(from, 0o700);
  for (const name of await readdir(from)) await moveInto(join(from, name), join(into, name));
}

/** A folder that changes its parent is written to, too: its `..` changes. */
async function moveFolder(from: string, into: string): Promise<void> {
  const mode = (await stat(from)).mode & 0o7777;
  await chmod(from, mode | 0o200);
  await rename(from, into);
  await chmod(into, mode);
}

async function isFolder(path: string): Promise<boolean> {
  return stat(path).then(
    (found) => found.isDirectory(),
    () => false,
  );
}

async function discard(path: string): Promise<void> {
  await rm(path, { recursive: true, force: true }).catch(async () => {
    await open(path);
    await rm(path, { recursive: true, force: true });
  });
}

/** Of a folder that was half made, those within may not let their content go. */
async function open(folder: string): Promise<void> {
  await chmod(folder, 0o700);
  for (const entry of await readdir(folder, { withFileTypes: true })) if (entry.isDirectory()) await open(join(folder, entry.name));
}
