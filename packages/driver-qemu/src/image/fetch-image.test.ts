import { mkdir, readdir, readFile, rm, utimes, writeFile } from "node:fs/promises";
import type { RequestListener } from "node:http";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { beforeEach, expect, test } from "vitest";
import { runProgram } from "../process/run-program.ts";
import { tempFolder } from "../temp-folder.test.kit.ts";
import { serve } from "./http-server.test.kit.ts";
import { findImage } from "./image.ts";
import { MANIFEST, pack, serveArchive, sha256Of, writeImage } from "./image.test.kit.ts";

let root: string;
let cache: string;
beforeEach(async () => {
  root = await tempFolder();
  cache = join(root, "cache");
});

const left = (): Promise<string[]> => readdir(join(cache, "images")).catch(() => []);

test("fetches an image once, then uses the cache without a request", async () => {
  const made = await pack(await writeImage(join(root, "made")));
  const { url, requests } = await serveArchive(made);
  const image = await findImage({ url, sha256: made.sha256.toUpperCase() }, { cacheFolder: cache });
  const folder = join(cache, "images", `sha256-${made.sha256}`);
  expect(image).toEqual({
    ...MANIFEST,
    disk: join(folder, "disk.qcow2"),
    kernel: join(folder, "kernel"),
    initrd: join(folder, "initrd"),
  });
  expect(await readFile(image.disk, "utf8")).toBe("this is disk.qcow2");
  expect(await findImage({ url, sha256: made.sha256 }, { cacheFolder: cache })).toEqual(image);
  expect(requests()).toBe(1);
  expect(await left()).toEqual([`sha256-${made.sha256}`]);
});

test.each(["--gzip", "--xz", "--zstd", "--format=gnu"])(
  "reads an archive that tar made with %s, from a file as well",
  async (compress) => {
    const folder = await writeImage(join(root, "made"));
    const path = join(root, "image.tar");
    const names = ["image.json", "disk.qcow2", "kernel", "initrd"];
    await runProgram("tar", ["-cf", path, compress, "-C", folder, ...names]);
    const sha256 = sha256Of(await readFile(path));
    const image = await findImage(
      { url: pathToFileURL(path).href, sha256 },
      { cacheFolder: cache },
    );
    expect(await readFile(image.kernel, "utf8")).toBe("this is kernel");
  },
);

test("parallel fetches all get the image, and leave no temporary files", async () => {
  const made = await pack(await writeImage(join(root, "made")));
  const { url } = await serveArchive(made);
  const all = await Promise.all(
    Array.from({ length: 6 }, () =>
      findImage({ url, sha256: made.sha256 }, { cacheFolder: cache }),
    ),
  );
  expect(new Set(all.map(({ disk }) => disk)).size).toBe(1);
  expect(await readFile(all[0]?.disk ?? "", "utf8")).toBe("this is disk.qcow2");
  expect(await left()).toEqual([`sha256-${made.sha256}`]);
});

test("an archive with another sha256 is rejected with both hashes, and removed", async () => {
  const made = await pack(await writeImage(join(root, "made")));
  const { url } = await serveArchive(made);
  const sha256 = "0".repeat(64);
  await expect(findImage({ url, sha256 }, { cacheFolder: cache })).rejects.toMatchObject({
    code: "IMAGE_MISMATCH",
    details: [
      `config    ${sha256}`,
      expect.stringMatching(new RegExp(`^measured  ${made.sha256} \\(\\d+ bytes\\)$`)),
    ],
  });
  expect(await left()).toEqual([]);
});

test.each<[title: string, answer: RequestListener, message: RegExp]>([
  [
    "404",
    (_, response) => void response.writeHead(404).end("gone"),
    /cannot be fetched: HTTP 404 Not Found\.$/,
  ],
  [
    "a connection that breaks in the middle",
    (_, response) =>
      void response
        .writeHead(200, { "content-length": 1000 })
        .write("half", () => response.destroy()),
    /cannot be fetched: terminated \(.+\)\.$/,
  ],
])("%s is reported, and no file stays", async (_title, answer, message) => {
  await expect(
    findImage({ url: await serve(answer), sha256: "0".repeat(64) }, { cacheFolder: cache }),
  ).rejects.toMatchObject({
    code: "IMAGE_MISSING",
    summary: expect.stringMatching(message),
  });
  expect(await left()).toEqual([]);
});

test("an unreachable server and a missing file are reported with their address", async () => {
  const url = await serve(() => {});
  const dead = url.replace(/:\d+/, ":1");
  await expect(
    findImage({ url: dead, sha256: "0".repeat(64) }, { cacheFolder: cache }),
  ).rejects.toMatchObject({
    code: "IMAGE_MISSING",
    summary: expect.stringContaining(dead),
  });
  await expect(
    findImage({ url: "file:///nowhere/image.tar", sha256: "0".repeat(64) }, { cacheFolder: cache }),
  ).rejects.toMatchObject({
    code: "IMAGE_MISSING",
    summary: expect.stringContaining("ENOENT"),
  });
});

test("a file that is not an archive is reported", async () => {
  const path = join(root, "image.tar");
  await writeFile(path, "hello");
  const sha256 = sha256Of("hello");
  await expect(
    findImage({ url: pathToFileURL(path).href, sha256 }, { cacheFolder: cache }),
  ).rejects.toMatchObject({
    code: "IMAGE_MISSING",
    summary: expect.stringContaining("tar cannot unpack the image"),
  });
  expect(await left()).toEqual([]);
});

test("a cached image with a missing file is fetched again", async () => {
  const made = await pack(await writeImage(join(root, "made")));
  const { url, requests } = await serveArchive(made);
  const { disk } = await findImage({ url, sha256: made.sha256 }, { cacheFolder: cache });
  await rm(disk);
  expect((await findImage({ url, sha256: made.sha256 }, { cacheFolder: cache })).disk).toBe(disk);
  expect(await readFile(disk, "utf8")).toBe("this is disk.qcow2");
  expect(requests()).toBe(2);
});

test("fetching removes files interrupted more than a day ago, and can be aborted", async () => {
  const images = join(cache, "images");
  for (const name of [".fetch-old", ".fetch-young"])
    await mkdir(join(images, name), { recursive: true });
  await utimes(join(images, ".fetch-old"), new Date(0), new Date(0));
  const reason = new Error("Ctrl-C");
  const stop = new AbortController();
  const url = await serve(() => stop.abort(reason));
  await expect(
    findImage({ url, sha256: "0".repeat(64) }, { cacheFolder: cache, signal: stop.signal }),
  ).rejects.toBe(reason);
  expect(await left()).toEqual([".fetch-young"]);
});

test("an unwritable cache is reported with its path", async () => {
  await writeFile(cache, "");
  const made = await pack(await writeImage(join(root, "made")));
  await expect(
    findImage({ url: (await serveArchive(made)).url, sha256: made.sha256 }, { cacheFolder: cache }),
  ).rejects.toMatchObject({
    code: "STATE_UNWRITABLE",
    summary: expect.stringContaining(join(cache, "images")),
  });
});
