import { createHash } from "node:crypto";
import { once } from "node:events";
import { mkdir, readdir, readFile, rm, symlink, utimes, writeFile } from "node:fs/promises";
import { createServer, type RequestListener } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { beforeEach, expect, onTestFinished, test } from "vitest";
import { findImage } from "./image.ts";
import { runProgram } from "../process/run-program.ts";
import { tempFolder } from "../temp-folder.test.kit.ts";

let root: string;
let cache: string;
beforeEach(async () => {
  root = await tempFolder();
  cache = join(root, "cache");
});

const MANIFEST = {
  name: "tiny",
  digest: "sha256:1234",
  disk: "disk.qcow2",
  kernel: "kernel",
  initrd: "initrd",
  append: "root=LABEL=x",
};

/** Writes an image's files, with the given defects. */
async function files(
  folder: string,
  {
    manifest = MANIFEST,
    without = "",
  }: { manifest?: object | string | null; without?: string } = {},
): Promise<string> {
  await mkdir(folder, { recursive: true });
  for (const name of ["disk.qcow2", "kernel", "initrd"])
    if (name !== without) await writeFile(join(folder, name), `this is ${name}`);
  if (manifest !== null)
    await writeFile(
      join(folder, "image.json"),
      typeof manifest === "string" ? manifest : JSON.stringify(manifest),
    );
  return folder;
}

interface Archive {
  readonly path: string;
  readonly sha256: string;
}

async function archive(folder: string, compress = "--gzip"): Promise<Archive> {
  const path = join(root, "image.tar");
  await runProgram("tar", ["-cf", path, compress, "-C", folder, "."]);
  return {
    path,
    sha256: createHash("sha256")
      .update(await readFile(path))
      .digest("hex"),
  };
}

async function listen(answer: RequestListener): Promise<string> {
  const server = createServer(answer).listen(0, "127.0.0.1");
  await once(server, "listening");
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/image.tar`;
}

/** Serves a file and counts the requests. */
async function serve({ path }: Archive): Promise<{ readonly url: string; requests(): number }> {
  let requests = 0;
  const bytes = await readFile(path);
  const url = await listen((_, response) => {
    requests += 1;
    response.end(bytes);
  });
  return { url, requests: () => requests };
}

const left = (): Promise<string[]> => readdir(join(cache, "images")).catch(() => []);

test("fetches an image once, then uses the cache without a request", async () => {
  const made = await archive(await files(join(root, "made")));
  const { url, requests } = await serve(made);
  const image = await findImage({ url, sha256: made.sha256.toUpperCase() }, cache);
  const folder = join(cache, "images", `sha256-${made.sha256}`);
  expect(image).toEqual({
    ...MANIFEST,
    disk: join(folder, "disk.qcow2"),
    kernel: join(folder, "kernel"),
    initrd: join(folder, "initrd"),
  });
  expect(await readFile(image.disk, "utf8")).toBe("this is disk.qcow2");
  expect(await findImage({ url, sha256: made.sha256 }, cache)).toEqual(image);
  expect(requests()).toBe(1);
  expect(await left()).toEqual([`sha256-${made.sha256}`]);
});

test.each(["--gzip", "--xz", "--zstd", "--format=gnu"])(
  "reads an archive that tar made with %s, from a file as well",
  async (compress) => {
    const folder = await files(join(root, "made"));
    const path = join(root, "image.tar");
    const names = ["image.json", "disk.qcow2", "kernel", "initrd"];
    await runProgram("tar", ["-cf", path, compress, "-C", folder, ...names]);
    const sha256 = createHash("sha256")
      .update(await readFile(path))
      .digest("hex");
    const image = await findImage({ url: pathToFileURL(path).href, sha256 }, cache);
    expect(await readFile(image.kernel, "utf8")).toBe("this is kernel");
  },
);

test("parallel fetches all get the image, and leave no temporary files", async () => {
  const made = await archive(await files(join(root, "made")));
  const { url } = await serve(made);
  const all = await Promise.all(
    Array.from({ length: 6 }, () => findImage({ url, sha256: made.sha256 }, cache)),
  );
  expect(new Set(all.map(({ disk }) => disk)).size).toBe(1);
  expect(await readFile(all[0]?.disk ?? "", "utf8")).toBe("this is disk.qcow2");
  expect(await left()).toEqual([`sha256-${made.sha256}`]);
});

test("an archive with another sha256 is rejected with both hashes, and removed", async () => {
  const made = await archive(await files(join(root, "made")));
  const { url } = await serve(made);
  const sha256 = "0".repeat(64);
  await expect(findImage({ url, sha256 }, cache)).rejects.toMatchObject({
    code: "IMAGE_MISMATCH",
    details: [
      `config    ${sha256}`,
      expect.stringMatching(new RegExp(`^measured  ${made.sha256} \\(\\d+ bytes\\)$`)),
    ],
  });
  expect(await left()).toEqual([]);
});

test.each<[title: string, answer: RequestListener, said: RegExp]>([
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
])("%s is reported, and no file stays", async (_title, answer, said) => {
  await expect(
    findImage({ url: await listen(answer), sha256: "0".repeat(64) }, cache),
  ).rejects.toMatchObject({
    code: "IMAGE_MISSING",
    summary: expect.stringMatching(said),
  });
  expect(await left()).toEqual([]);
});

test("an unreachable server and a missing file are reported with their address", async () => {
  const url = await listen(() => {});
  const dead = url.replace(/:\d+/, ":1");
  await expect(findImage({ url: dead, sha256: "0".repeat(64) }, cache)).rejects.toMatchObject({
    code: "IMAGE_MISSING",
    summary: expect.stringContaining(dead),
  });
  await expect(
    findImage({ url: "file:///nowhere/image.tar", sha256: "0".repeat(64) }, cache),
  ).rejects.toMatchObject({
    code: "IMAGE_MISSING",
    summary: expect.stringContaining("ENOENT"),
  });
});

test.each([
  ["no manifest", { manifest: null }, /There is no machine image/],
  ["an invalid JSON manifest", { manifest: "{" }, /image\.json is not an image manifest/],
  ["a manifest without a kernel", { manifest: { ...MANIFEST, kernel: undefined } }, /kernel/],
  [
    "a manifest whose disk is not there",
    { without: "disk.qcow2" },
    /image\.json names "disk\.qcow2", which is not a file beside it/,
  ],
  [
    "a manifest that names a file above it",
    { manifest: { ...MANIFEST, disk: "../../secret" } },
    /names "\.\.\/\.\.\/secret", which is outside of its folder/,
  ],
  [
    "one that does it in a roundabout way",
    { manifest: { ...MANIFEST, disk: "a/../../secret" } },
    /outside of its folder/,
  ],
  [
    "a manifest that names an absolute path",
    { manifest: { ...MANIFEST, kernel: "/etc/passwd" } },
    /"\/etc\/passwd", which is outside of its folder/,
  ],
])("an archive with %s is rejected, and no file stays", async (_title, wrong, said) => {
  await mkdir(join(cache, "images"), { recursive: true });
  await writeFile(join(cache, "secret"), "");
  const made = await archive(await files(join(root, "made"), wrong));
  await expect(
    findImage({ url: (await serve(made)).url, sha256: made.sha256 }, cache),
  ).rejects.toMatchObject({
    code: "IMAGE_MISSING",
    summary: expect.stringContaining("contains no machine image at its top level"),
    message: expect.stringMatching(said),
  });
  expect(await left()).toEqual([]);
});

test("an archive with a disk that links outside is rejected", async () => {
  const folder = await files(join(root, "made"), { without: "disk.qcow2" });
  await symlink("/etc/passwd", join(folder, "disk.qcow2"));
  const made = await archive(folder);
  await expect(
    findImage({ url: (await serve(made)).url, sha256: made.sha256 }, cache),
  ).rejects.toThrow('names "disk.qcow2", which is not a file');
});

test("a file that is not an archive is reported", async () => {
  const path = join(root, "image.tar");
  await writeFile(path, "hello");
  const sha256 = createHash("sha256").update("hello").digest("hex");
  await expect(findImage({ url: pathToFileURL(path).href, sha256 }, cache)).rejects.toMatchObject({
    code: "IMAGE_MISSING",
    summary: expect.stringContaining("tar cannot unpack the image"),
  });
  expect(await left()).toEqual([]);
});

test("a cached image with a missing file is fetched again", async () => {
  const made = await archive(await files(join(root, "made")));
  const { url, requests } = await serve(made);
  const { disk } = await findImage({ url, sha256: made.sha256 }, cache);
  await rm(disk);
  expect((await findImage({ url, sha256: made.sha256 }, cache)).disk).toBe(disk);
  expect(await readFile(disk, "utf8")).toBe("this is disk.qcow2");
  expect(requests()).toBe(2);
});

test.each(["", "abc", "z".repeat(64), `${"0".repeat(64)}/../..`])(
  "an invalid sha256 (%j) is rejected as a config error, without a download",
  async (sha256) => {
    const { url, requests } = await serve(await archive(await files(join(root, "made"))));
    await expect(findImage({ url, sha256 }, cache)).rejects.toMatchObject({
      code: "CONFIG_INVALID",
      summary: expect.stringContaining(JSON.stringify(sha256)),
    });
    expect(requests()).toBe(0);
  },
);

test("an image built on this computer is found by its name", async () => {
  const folder = await files(join(cache, "images", "debian-13-abc"));
  await symlink("debian-13-abc", join(cache, "images", "debian-13"));
  expect(await findImage("debian-13", cache)).toMatchObject({
    name: "tiny",
    disk: join(folder, "disk.qcow2"),
  });
  expect(await readdir(folder)).toHaveLength(4);
});

test("a missing local image is reported with the searched folder and the build command", async () => {
  await expect(findImage("debian-13", cache)).rejects.toMatchObject({
    code: "IMAGE_MISSING",
    summary: 'The machine image "debian-13" is not built on this computer.',
    details: [`looked in ${join(cache, "images", "debian-13")}`],
    hint: expect.stringContaining("infra/images/debian-13/build"),
  });
});

test("fetching removes files interrupted more than a day ago, and can be aborted", async () => {
  const images = join(cache, "images");
  for (const name of [".fetch-old", ".fetch-young"])
    await mkdir(join(images, name), { recursive: true });
  await utimes(join(images, ".fetch-old"), new Date(0), new Date(0));
  const reason = new Error("Ctrl-C");
  const stop = new AbortController();
  const url = await listen(() => stop.abort(reason));
  await expect(
    findImage({ url, sha256: "0".repeat(64) }, cache, { signal: stop.signal }),
  ).rejects.toBe(reason);
  expect(await left()).toEqual([".fetch-young"]);
});

test("an unwritable cache is reported with its path", async () => {
  await writeFile(cache, "");
  const made = await archive(await files(join(root, "made")));
  await expect(
    findImage({ url: (await serve(made)).url, sha256: made.sha256 }, cache),
  ).rejects.toMatchObject({
    code: "STATE_UNWRITABLE",
    summary: expect.stringContaining(join(cache, "images")),
  });
});
