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
  // The shebang's own shell is found by its path.
  vi.stubEnv("PATH", bin);
  onTestFinished(() => void vi.unstubAllEnvs());
});

/** A "QEMU" that counts how often it was started. */
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

test("a program that is not on PATH is told with the packages to install", async () => {
  await expect(findQemu(cache)).rejects.toMatchObject({
    code: "QEMU_MISSING",
    summary: `${NAME} is not on PATH.`,
    hint: expect.stringMatching(
      /^install it: apt-get install \S+ · dnf install \S+ · brew install qemu$/,
    ),
  });
});

test("what cannot be run is not taken for the program: a file without the right, a folder, an empty entry of PATH", async () => {
  await writeFile(join(bin, "tool"), "");
  await mkdir(join(bin, "dir", "tool"), { recursive: true });
  vi.stubEnv("PATH", `${bin}:${join(bin, "dir")}::`);
  expect(() => requireProgram("tool", "apt-get install tool")).toThrow(
    "tool is not on PATH.\nhint: install it: apt-get install tool",
  );
  // An empty entry means the current folder to a shell, and must not here.
  vi.spyOn(process, "cwd").mockReturnValue(bin);
  onTestFinished(() => void vi.restoreAllMocks());
  await chmod(join(bin, "tool"), 0o755);
  vi.stubEnv("PATH", "::");
  expect(() => requireProgram("tool", "x")).toThrow("tool is not on PATH.");
  vi.stubEnv("PATH", `:${bin}:`);
  expect(requireProgram("tool", "x")).toBe(join(bin, "tool"));
});

test("the version is asked once, and then kept", async () => {
  const { path, starts } = await install(print("7.2.22"));
  expect(await findQemu(cache)).toEqual({
    path,
    machineType: process.arch === "arm64" ? "virt" : "q35",
    version: "7.2.22",
  });
  expect(await findQemu(cache)).toMatchObject({ version: "7.2.22" });
  expect(await starts()).toBe(1);
});

test("another binary in the same place is asked again", async () => {
  await install(print("7.2.22"));
  await findQemu(cache);
  const { path } = await install(print("10.0.1"));
  await utimes(path, 1_000, 1_000);
  expect(await findQemu(cache)).toMatchObject({ version: "10.0.1" });
});

test("all who ask at once get an answer, and no draft is left", async () => {
  await install(print("7.2.22"));
  const all = await Promise.all(Array.from({ length: 8 }, () => findQemu(cache)));
  expect(new Set(all.map(({ version }) => version))).toEqual(new Set(["7.2.22"]));
  expect(await readdir(join(cache, "qemu"))).toEqual([
    expect.stringMatching(/^[0-9a-f]{16}\.version$/),
  ]);
});

test("a QEMU that does not start is told, with its own words as the cause", async () => {
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
