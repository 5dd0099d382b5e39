import { chmod, mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { closeSync, openSync } from "node:fs";
import { join } from "node:path";
import { beforeEach, expect, onTestFinished, test } from "vitest";
import { claimFolder } from "./folder-claim.ts";
import { flock } from "./flock.ts";
import { useProgram } from "./flock.test.kit.ts";
import { tempFolder } from "./temp-folder.test.kit.ts";

let folder: string;
let path: string;
let fd: number;
beforeEach(async () => {
  folder = await tempFolder();
  path = join(folder, "file");
  await writeFile(path, "");
  fd = openSync(path, "r+");
  onTestFinished(() => closeSync(fd));
});

test("a lock excludes another open file, and is released with its descriptor", async () => {
  const other = openSync(path, "r+");
  expect(await flock({ fd: other, path, kind: "exclusive" })).toBe("locked");
  expect(await flock({ fd, path, kind: "shared" })).toBe("busy");
  closeSync(other);
  expect(await flock({ fd, path, kind: "shared" })).toBe("locked");
});

test.each([
  ["util-linux, on a file system without locks", "echo flock: 3: No locks available >&2; exit 71"],
  ["util-linux, usage", "exit 64"],
  ["BusyBox, on a file system without locks", "echo flock: No locks available >&2; exit 1"],
])("locks are unsupported: %s", async (_, script) => {
  await useProgram(folder, script);
  expect(await flock({ fd, path, kind: "shared" })).toBe("unsupported");
});

test.each([
  ["it does not exist", undefined],
  ["it is not executable", 0o600],
])("locks are unsupported without the program: %s", async (_, mode) => {
  await useProgram(folder, "exit 0");
  process.env["PATH"] = join(folder, "bin");
  const program = join(folder, "bin", "flock");
  await (mode === undefined ? rm(program) : chmod(program, mode));
  expect(await flock({ fd, path, kind: "shared" })).toBe("unsupported");
});

test("a lock is busy, though the loader of programs prints a warning", async () => {
  await useProgram(folder, "echo ERROR: ld.so: object cannot be preloaded >&2; exit 1");
  expect(await flock({ fd, path, kind: "shared" })).toBe("busy");
});

/** Fails in its first run, and then locks. */
const failingOnce = (how: string) =>
  `if [ ! -e "${folder}/failed" ]; then : > "${folder}/failed"; ${how}; fi
exec "$FLOCK" "$@"`;

test.each(["kill -9 $$", "exit 127"])(
  "a program that failed once (%s) is run again, and a claim locks its file",
  async (how) => {
    await useProgram(folder, failingOnce(how));
    const home = join(folder, "home");
    await mkdir(home);
    using _claim = await claimFolder(home, { what: "the machines of pcs-1" });
    expect(JSON.parse(await readFile(join(home, "in-use"), "utf8"))).toMatchObject({
      locked: true,
    });
    const other = openSync(join(home, "in-use"), "r+");
    onTestFinished(() => closeSync(other));
    expect(await flock({ fd: other, path, kind: "exclusive" })).toBe("busy");
  },
);

test("a program that fails until the deadline is reported with its failure", async () => {
  await useProgram(folder, "echo out of luck >&2; kill -9 $$");
  await expect(flock({ fd, path, kind: "shared", timeoutMs: 300 })).rejects.toMatchObject({
    code: "STATE_UNWRITABLE",
    summary: expect.stringContaining("last seen: ended by SIGKILL: out of luck"),
  });
});
