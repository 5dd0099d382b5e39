import { randomUUID } from "node:crypto";
import { chmod, lstat, readdir, realpath, rename, rm, stat } from "node:fs/promises";
import { basename, dirname, join, resolve } from "node:path";
import { VmrigError } from "../../errors/vmrig-error.ts";

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
  const target = await realpath(path).catch(async () =>
    join(await realpath(dirname(resolve(path))), basename(resolve(path))),
  );
  const facts = await stat(target).catch(() => undefined);
  const targetIsFolder = facts?.isDirectory() === true;
  const temp = join(targetIsFolder ? target : dirname(target), `.vmrig-${randomUUID()}`);
  return {
    target,
    temp,
    targetIsThere: facts !== undefined,
    targetIsFolder,
    [Symbol.asyncDispose]: () => discard(temp),
  };
}

/** The bytes of all files in a folder. */
export async function sizeOf(folder: string): Promise<number> {
  let total = 0;
  const folders: Buffer[] = [Buffer.from(folder)];
  for (let path = folders.pop(); path !== undefined; path = folders.pop()) {
    const parent = path;
    const found = await Promise.all(
      (await namesIn(parent)).map(
        async (name) => [below(parent, name), await lstat(below(parent, name))] as const,
      ),
    );
    for (const [one, facts] of found) {
      if (facts.isDirectory()) folders.push(one);
      else if (facts.isFile()) total += facts.size;
    }
  }
  return total;
}

/**
 * Moves a file to its name, replacing what has it; a folder to where none is, or all that is in it
 * into the one that is there: each file at once, folders that are there stay as they are. Looks
 * first whether all of it has a place.
 */
export async function moveInto(from: string, into: string): Promise<void> {
  await checkPlaces(Buffer.from(from), Buffer.from(into));
  await move(Buffer.from(from), Buffer.from(into));
}

async function move(from: Buffer, into: Buffer): Promise<void> {
  if (!(await lstat(from)).isDirectory()) return rename(from, into);
  if (!(await isFolder(into))) return moveFolder(from, into);
  await chmod(from, 0o700);
  for (const name of await namesIn(from)) await move(below(from, name), below(into, name));
}

/**
 * @throws VmrigError `FILE_FAILED` where a folder stands in the place of a file, or the other way
 *   round
 */
async function checkPlaces(from: Buffer, into: Buffer): Promise<void> {
  const there = await isFolder(into);
  if (!(await lstat(from)).isDirectory()) {
    if (there && !(await lstat(into)).isSymbolicLink())
      throw misfit(into.toString(), "it is a folder");
    return;
  }
  if (!there) {
    const taken = await lstat(into).catch(() => undefined);
    if (taken !== undefined) throw misfit(into.toString(), "it is a file");
    return;
  }
  // What may not be read yet is moved with its mode later.
  await chmod(from, 0o700);
  for (const name of await namesIn(from)) await checkPlaces(below(from, name), below(into, name));
}

export function misfit(path: string, what: string): VmrigError {
  return new VmrigError("FILE_FAILED", {
    message: `Cannot write ${path} on this computer: ${what}.`,
  });
}

/** As bytes: a name need not be UTF-8. */
function namesIn(folder: Buffer): Promise<Buffer[]> {
  return readdir(folder, { encoding: "buffer" });
}

function below(folder: Buffer, name: Buffer): Buffer {
  return Buffer.concat([folder, Buffer.from("/"), name]);
}

/** A folder that changes its parent is written to, too: its `..` changes. */
async function moveFolder(from: Buffer, into: Buffer): Promise<void> {
  const mode = (await stat(from)).mode & 0o7777;
  await chmod(from, mode | 0o200);
  await rename(from, into);
  await chmod(into, mode);
}

async function isFolder(path: Buffer): Promise<boolean> {
  return stat(path).then(
    (found) => found.isDirectory(),
    () => false,
  );
}

async function discard(path: string): Promise<void> {
  await rm(path, { recursive: true, force: true }).catch(async () => {
    await open(Buffer.from(path));
    await rm(path, { recursive: true, force: true });
  });
}

/** Of a folder that was half made, those within may not let their content go. */
async function open(folder: Buffer): Promise<void> {
  await chmod(folder, 0o700);
  for (const name of await namesIn(folder))
    if ((await lstat(below(folder, name))).isDirectory()) await open(below(folder, name));
}
