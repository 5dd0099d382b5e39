import { mkdir, readdir, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { beforeEach, expect, test } from "vitest";
import { tempFolder } from "../temp-folder.test.kit.ts";
import { findImage } from "./image.ts";
import { MANIFEST, pack, serveArchive, writeImage } from "./image.test.kit.ts";

let root: string;
let cache: string;
beforeEach(async () => {
  root = await tempFolder();
  cache = join(root, "cache");
});

const left = (): Promise<string[]> => readdir(join(cache, "images")).catch(() => []);

test.each([
  ["no manifest", { manifest: null }, /There is no machine image/],
  ["an invalid JSON manifest", { manifest: "{" }, /image\.json is not an image manifest/],
  ["a manifest without a kernel", { manifest: { ...MANIFEST, kernel: undefined } }, /kernel/],
  [
    "a manifest whose disk is not there",
    { without: "disk.qcow2" },
    /image\.json lists "disk\.qcow2", which is not a file in the same folder/,
  ],
  [
    "a manifest that names a file above it",
    { manifest: { ...MANIFEST, disk: "../../secret" } },
    /lists "\.\.\/\.\.\/secret", which is outside its folder/,
  ],
  [
    "one that does it in a roundabout way",
    { manifest: { ...MANIFEST, disk: "a/../../secret" } },
    /outside its folder/,
  ],
  [
    "a manifest that names an absolute path",
    { manifest: { ...MANIFEST, kernel: "/etc/passwd" } },
    /"\/etc\/passwd", which is outside its folder/,
  ],
])("an archive with %s is rejected, and no file stays", async (_title, wrong, message) => {
  await mkdir(join(cache, "images"), { recursive: true });
  await writeFile(join(cache, "secret"), "");
  const made = await pack(await writeImage(join(root, "made"), wrong));
  await expect(
    findImage({ url: (await serveArchive(made)).url, sha256: made.sha256 }, { cacheFolder: cache }),
  ).rejects.toMatchObject({
    code: "IMAGE_MISSING",
    summary: expect.stringContaining("contains no machine image at its top level"),
    message: expect.stringMatching(message),
  });
  expect(await left()).toEqual([]);
});

test("an archive with a disk that links outside is rejected", async () => {
  const folder = await writeImage(join(root, "made"), { without: "disk.qcow2" });
  await symlink("/etc/passwd", join(folder, "disk.qcow2"));
  const made = await pack(folder);
  await expect(
    findImage({ url: (await serveArchive(made)).url, sha256: made.sha256 }, { cacheFolder: cache }),
  ).rejects.toThrow('lists "disk.qcow2", which is not a file');
});

test.each(["", "abc", "z".repeat(64), `${"0".repeat(64)}/../..`])(
  "an invalid sha256 (%j) is rejected as a config error, without a download",
  async (sha256) => {
    const { url, requests } = await serveArchive(await pack(await writeImage(join(root, "made"))));
    await expect(findImage({ url, sha256 }, { cacheFolder: cache })).rejects.toMatchObject({
      code: "CONFIG_INVALID",
      summary: expect.stringContaining(JSON.stringify(sha256)),
    });
    expect(requests()).toBe(0);
  },
);

test("an image built on this computer is found by its name", async () => {
  const folder = await writeImage(join(cache, "images", "debian-13-abc"));
  await symlink("debian-13-abc", join(cache, "images", "debian-13"));
  expect(await findImage("debian-13", { cacheFolder: cache })).toMatchObject({
    name: "tiny",
    disk: join(folder, "disk.qcow2"),
  });
  expect(await readdir(folder)).toHaveLength(4);
});

test("a missing local image is reported with the searched folder and the build command", async () => {
  await expect(findImage("debian-13", { cacheFolder: cache })).rejects.toMatchObject({
    code: "IMAGE_MISSING",
    summary: 'The machine image "debian-13" is not built on this computer.',
    details: [`looked in ${join(cache, "images", "debian-13")}`],
    hint: expect.stringContaining("infra/images/debian-13/build"),
  });
});
