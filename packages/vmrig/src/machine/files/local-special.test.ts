import { execFileSync } from "node:child_process";
import { constants } from "node:fs";
import { open, readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { tempFolder } from "../../local-files/temp-folder.test.kit.ts";
import type { Machine } from "../machine.ts";
import { litter, useTwoSides } from "./two-sides.test.kit.ts";

let pc1: Machine;
let there: string;
useTwoSides((sides) => ({ pc1, there } = sides));

/** More than a FIFO and the window of a connection hold. */
const LARGE = 16 * 1024 * 1024;
const SIZES: ReadonlyArray<[what: string, bytes: number]> = [
  ["a small file", 3],
  ["a large file", LARGE],
];

async function makeFifo(): Promise<string> {
  const fifo = join(await tempFolder(), "fifo");
  execFileSync("mkfifo", [fifo]);
  return fifo;
}

async function makeRemote(bytes: number): Promise<string> {
  const path = `${there}/${crypto.randomUUID()}`;
  await pc1.$`head -c ${bytes} /dev/zero >${path}`;
  return path;
}

test.each(SIZES)("a cancelled download of %s to a FIFO without a reader ends", async (_, bytes) => {
  const [fifo, remote, abort] = [await makeFifo(), await makeRemote(bytes), new AbortController()];
  const download = pc1.download(remote, fifo, { signal: abort.signal });
  const refusal = expect(download).rejects.toMatchObject({ code: "CANCELLED" });
  // By now the machine may have sent all of the small file, but not of the large one.
  await pc1.$`true`;
  abort.abort();
  await refusal;
  expect((await stat(fifo)).isFIFO()).toBe(true);
  expect(await litter(join(fifo, ".."))).toEqual([]);
});

test("a cancelled download to a FIFO whose reader stopped reading ends", async () => {
  const [fifo, remote, abort] = [await makeFifo(), await makeRemote(LARGE), new AbortController()];
  const reader = await open(fifo, constants.O_RDONLY | constants.O_NONBLOCK);
  onTestFinished(() => reader.close());
  let arrived = (): void => {};
  const first = new Promise<void>((resolve) => (arrived = resolve));
  const download = pc1.download(remote, fifo, {
    signal: abort.signal,
    onProgress: () => arrived(),
  });
  const refusal = expect(download).rejects.toMatchObject({ code: "CANCELLED" });
  await first;
  abort.abort();
  await refusal;
});

test.each(SIZES)("a FIFO gets %s when a reader opens it later", async (_, bytes) => {
  const [fifo, remote] = [await makeFifo(), await makeRemote(bytes)];
  const download = pc1.download(remote, fifo);
  await pc1.$`true`;
  const [content] = await Promise.all([readFile(fifo), download]);
  expect(content.equals(Buffer.alloc(bytes))).toBe(true);
});

test("a download fails when the reader of a FIFO leaves", async () => {
  const [fifo, remote] = [await makeFifo(), await makeRemote(LARGE)];
  const reader = await open(fifo, constants.O_RDONLY | constants.O_NONBLOCK);
  const download = pc1.download(remote, fifo, { onProgress: () => void reader.close() });
  await expect(download).rejects.toMatchObject({
    code: "FILE_FAILED",
    message: expect.stringContaining("on this computer: "),
  });
});
