import { chmod, mkdir, readdir, readFile, utimes, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { beforeEach, expect, onTestFinished, test, vi } from "vitest";
import { emulatesReliably, findQemu, requireProgram } from "./qemu-binary.ts";
import { tempFolder } from "../temp-folder.test.kit.ts";

const NAME = process.arch === "arm64" ? "qemu-system-aarch64" : "qemu-system-x86_64";

let bin: string;
let cache: string;
beforeEach(async () => {
  const root = await tempFolder();
  [bin, cache] = [join(root, "bin"), join(root, "cache")];
  await mkdir(bin);
  // The shell of the shebang is found by its path.
  vi.stubEnv("PATH", bin);
  onTestFinished(() => void vi.unstubAllEnvs());
});

/** Creates a fake QEMU that counts its starts. */
async function install(version: string): Promise<{ path: string; starts: () => Promise<number> }> {
  const path = join(bin, NAME);
  await writeFile(path, `#!/bin/sh\necho start >> ${bin}/starts\n${version}\n`);
  await chmod(path, 0o755);
  return {
    path,
    starts: async () =>
      (await readFile(join(bin, "starts"), "utf8").catch(() => "")).split("\n").length - 1,
  };
}

const print = (version: string): string =>
  `echo 'QEMU emulator version ${version} (Debian 1:7.2+dfsg-7)'; echo Copyright`;

test("a program that is not on PATH is reported with the packages to install", async () => {
  await expect(findQemu(cache)).rejects.toMatchObject({
    code: "QEMU_MISSING",
    summary: `${NAME} is not on PATH.`,
    hint: expect.stringMatching(
      /^install it: apt-get install \S+ · dnf install \S+ · brew install qemu$/,
    ),
  });
});

test("a file without execute permission, a folder and an empty entry of PATH are skipped", async () => {
  await writeFile(join(bin, "tool"), "");
  await mkdir(join(bin, "dir", "tool"), { recursive: true });
  vi.stubEnv("PATH", `${bin}:${join(bin, "dir")}::`);
  expect(() => requireProgram("tool", "apt-get install tool")).toThrow(
    "tool is not on PATH.\nhint: install it: apt-get install tool",
  );
  // An empty entry means the current folder to a shell; here it must not.
  vi.spyOn(process, "cwd").mockReturnValue(bin);
  onTestFinished(() => void vi.restoreAllMocks());
  await chmod(join(bin, "tool"), 0o755);
  vi.stubEnv("PATH", "::");
  expect(() => requireProgram("tool", "x")).toThrow("tool is not on PATH.");
  vi.stubEnv("PATH", `:${bin}:`);
  expect(requireProgram("tool", "x")).toBe(join(bin, "tool"));
});

test("the version is queried once and then cached", async () => {
  const { path, starts } = await install(print("7.2.22"));
  expect(await findQemu(cache)).toEqual({
    path,
    machineType: process.arch === "arm64" ? "virt" : "q35",
    version: "7.2.22",
  });
  expect(await findQemu(cache)).toMatchObject({ version: "7.2.22" });
  expect(await starts()).toBe(1);
});

test("another binary at the same path is queried again", async () => {
  await install(print("7.2.22"));
  await findQemu(cache);
  const { path } = await install(print("10.0.1"));
  await utimes(path, 1_000, 1_000);
  expect(await findQemu(cache)).toMatchObject({ version: "10.0.1" });
});

test("parallel queries all get a version, and leave no draft", async () => {
  await install(print("7.2.22"));
  const all = await Promise.all(Array.from({ length: 8 }, () => findQemu(cache)));
  expect(new Set(all.map(({ version }) => version))).toEqual(new Set(["7.2.22"]));
  expect(await readdir(join(cache, "qemu"))).toEqual([
    expect.stringMatching(/^[0-9a-f]{16}\.version$/),
  ]);
});

test("a QEMU that does not start is reported with its own message as the cause", async () => {
  const { path } = await install("echo 'no such library' >&2; exit 127");
  await expect(findQemu(cache)).rejects.toMatchObject({
    code: "QEMU_MISSING",
    summary: `${path} --version failed.`,
    cause: expect.objectContaining({ stderr: "no such library" }),
  });
  await expect(readdir(join(cache, "qemu"))).rejects.toThrow("ENOENT");
});

test.each([
  ["7.2.22", false],
  ["8.1.5", false],
  ["8.2.0", true],
  ["9.0", true],
  ["10.0.1", true],
  ["unknown", false],
])("%s emulates reliably: %s", (version, reliable) => {
  expect(emulatesReliably(version)).toBe(reliable);
});
