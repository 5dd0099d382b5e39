import { spawn } from "node:child_process";
import { chmod, mkdir, readdir, readFile, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test, vi } from "vitest";
import { tempFolder } from "../../local-files/temp-folder.test.kit.ts";
import { octal, replacing, type Replacement } from "./staging.ts";

const CONTENT = "a secret";
const ofMode = (mode: number): Partial<Replacement> => ({
  secret: true,
  mode,
  finish: (file) => `chmod ${octal(mode)} -- ${file}`,
});
const INHERITED = `chmod --reference="$target" -- "$temp"`;

/**
 * Writes a file as a machine does, and looks at it when the first half of the content has arrived.
 *
 * @param path PATH of the machine's programs
 */
async function write(
  target: string,
  options: Partial<Replacement>,
  { watched = target, path = process.env["PATH"] } = {},
): Promise<{ readonly during: number; readonly after: number }> {
  const line = replacing(target, {
    bytes: CONTENT.length,
    secret: false,
    finish: () => ":",
    finishesSpecial: true,
    ...options,
  });
  const child = spawn("sh", ["-c", `umask 022; ${line}`], {
    stdio: ["pipe", "ignore", "inherit"],
    env: { PATH: path },
  });
  const ended = new Promise<number | null>((resolve) => child.once("close", resolve));
  try {
    child.stdin.write(CONTENT.slice(0, 4));
    const during = await vi.waitFor(async () => {
      const { size, mode } = await stat(await only(watched));
      expect(size).toBe(4);
      return mode & 0o7777;
    });
    child.stdin.end(CONTENT.slice(4));
    expect(await ended).toBe(0);
    expect(await readFile(target, "utf8")).toBe(CONTENT);
    return { during, after: (await stat(target)).mode & 0o7777 };
  } finally {
    child.kill("SIGKILL");
    await ended;
  }
}

/** Returns the path, or the temporary file in the folder. */
async function only(path: string): Promise<string> {
  if (!(await stat(path)).isDirectory()) return path;
  const name = (await readdir(path)).find((one) => one.startsWith(".vmrig-"));
  return join(path, name ?? "");
}

test.each([
  ["that exists", 0o644, 0o600, 0o600],
  ["that exists, without write permission for its owner later", 0o666, 0o440, 0o640],
  ["that exists and is private", 0o600, 0o644, 0o600],
  ["that does not exist", undefined, 0o600, 0o600],
])(
  "a file %s has no more than its old and its new mode while it is written in place",
  async (_what, old, mode, early) => {
    const file = join(await tempFolder(), "file");
    if (old !== undefined) {
      await writeFile(file, "a longer old content");
      await chmod(file, old);
    }
    expect(await write(file, { ...ofMode(mode), atomic: false })).toEqual({
      during: early,
      after: mode,
    });
  },
);

test("new content of a private file is private before it has the file's mode", async () => {
  const folder = await tempFolder();
  const file = join(folder, "file");
  await writeFile(file, "old", { mode: 0o640 });
  const modes = await write(file, { inherit: INHERITED }, { watched: folder });
  expect(modes).toEqual({ during: 0o600, after: 0o640 });
});

test("a new file without a mode has that of the umask", async () => {
  const file = join(await tempFolder(), "file");
  expect(await write(file, {}, { watched: join(file, "..") })).toEqual({
    during: 0o644,
    after: 0o644,
  });
});

test.each(["Device or resource busy", "Resource busy"])(
  "a mount point is written in place where the system prints %j",
  async (words) => {
    const folder = await tempFolder();
    const [bin, file] = [join(folder, "bin"), join(folder, "file")];
    await mkdir(bin);
    await writeFile(join(bin, "mv"), `#!/bin/sh\necho "mv: cannot move: ${words}" >&2\nexit 1\n`);
    await chmod(join(bin, "mv"), 0o755);
    await writeFile(file, "old", { mode: 0o666 });
    const { ino } = await stat(file);
    const path = `${bin}:${process.env["PATH"]}`;
    expect(await write(file, ofMode(0o600), { watched: folder, path })).toEqual({
      during: 0o600,
      after: 0o600,
    });
    expect((await stat(file)).ino).toBe(ino);
    expect((await readdir(folder)).toSorted()).toEqual(["bin", "file"]);
  },
);
