import { execFile } from "node:child_process";
import { lstat, mkdir, readdir, readFile, symlink } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { expect, test } from "vitest";
import { tempFolder } from "../../../local-files/temp-folder.test.kit.ts";
import { MERGE } from "./merge.ts";

const run = promisify(execFile);

const PROGRAMS = "sh find xargs mv cp stat chmod grep tr sort perl".split(" ");

/** Creates a folder that a PATH can consist of. */
async function programsWithout(...missing: readonly string[]): Promise<string> {
  const folder = await tempFolder();
  for (const name of PROGRAMS.filter((each) => !missing.includes(each))) {
    const { stdout } = await run("sh", ["-c", `command -v ${name}`]);
    await symlink(stdout.trim(), join(folder, name));
  }
  return folder;
}

async function merge(here: string, PATH: string): Promise<void> {
  const [from, target, temp] = ["from", "into", "temp"].map((name) => join(here, name));
  await run("sh", ["-c", MERGE], { env: { LC_ALL: "C", PATH, from, target, temp } });
}

/** Creates a folder, and an existing folder to merge it into. */
async function makeBoth(): Promise<string> {
  const here = await tempFolder();
  await run("sh", [
    "-ec",
    `cd "$1"; mkdir -p temp from/lib/deep 'from/new
      line/-x/in' from/shut from/.dot/in into/real/deep into/.dot/in into/kept
    echo new >from/lib/deep/f; echo new >'from/new
      line/-x/in/f'; echo new >from/.dot/in/f; echo new >from/link; echo new >from/fifo; ln from/fifo from/.dot/hard
    ln -s nowhere from/dangling; echo new >from/shut/f; chmod 555 from/shut; touch -d @5 from/shut
    chmod 500 from/.dot from/.dot/in; chmod 751 into/.dot/in
    ln -s real into/lib; echo old >into/real/deep/f; echo old >into/real/stays; ln -s kept into/link; mkfifo into/fifo`,
    "sh",
    here,
  ]);
  return here;
}

test("a folder is merged on machines with Perl, without Perl, and without hard links", async () => {
  for (const missing of [[], ["perl"], ["perl", "cp"]]) {
    const here = await makeBoth();
    await merge(here, await programsWithout(...missing));
    const into = join(here, "into");
    const read = (path: string): Promise<string> => readFile(join(into, path), "utf8");
    const facts = async (path: string): Promise<[string, number, number]> => {
      const { mode, mtimeMs, nlink } = await lstat(join(into, path));
      return [(mode & 0o7777).toString(8), mtimeMs, nlink];
    };
    for (const path of ["real/deep/f", "new\n      line/-x/in/f", ".dot/in/f", "link", "shut/f"])
      expect(await read(path), `${path} without ${missing.join()}`).toBe("new\n");
    expect(await read("real/stays")).toBe("old\n");
    expect((await lstat(join(into, "lib"))).isSymbolicLink()).toBe(true);
    expect((await lstat(join(into, "dangling"))).isSymbolicLink()).toBe(true);
    expect((await facts("shut")).slice(0, 2)).toEqual(["555", 5000]);
    expect((await facts(".dot/in"))[0]).toBe("751");
    expect(await readdir(join(into, "kept"))).toEqual([]);
    await run("rm", ["-rf", join(here, "from")]);
    expect([await read("fifo"), (await facts("fifo"))[2], (await facts(".dot/hard"))[2]]).toEqual([
      "new\n",
      2,
      2,
    ]);
  }
});

test("a conflict ends the merge before anything is moved", async () => {
  const PATH = process.env["PATH"] ?? "";
  for (const [target, reason] of [
    ["into/new\n      line", "Not a directory"],
    ["into/dangling", "Is a directory"],
  ] as const) {
    const here = await makeBoth();
    if (reason === "Is a directory") await mkdir(join(here, target));
    else await symlink("nowhere", join(here, target));
    await expect(merge(here, PATH)).rejects.toMatchObject({
      stderr: `vmrig: ${here}/into/./${target.slice(5)}: ${reason}\n`,
    });
    expect(await readFile(join(here, "into/real/deep/f"), "utf8")).toBe("old\n");
    expect(await readdir(join(here, "from/.dot/in"))).toEqual(["f"]);
  }
});
