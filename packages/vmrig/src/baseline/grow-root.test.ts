import { mkdir, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { tempFolder } from "../local-files/temp-folder.test.kit.ts";
import { growRootScript } from "./grow-root.ts";
import { runShell, SHELLS } from "./shell.test.kit.ts";

interface Disk {
  readonly type?: string;
  readonly sectors?: number;
  readonly partition?: boolean;
  /** What the stand-in for `growpart` does. */
  readonly growpart?: string;
}

/** Runs the script with stand-ins for the tools and for `/sys`. Returns what it called. */
async function run(
  shell: string,
  { type = "btrfs", sectors = 12_582_912, partition = true, growpart = "true" }: Disk,
): Promise<readonly [exitCode: number | undefined, calls: string]> {
  const root = await tempFolder();
  const part = join(root, "devices/vda", partition ? "vda3" : ".");
  await mkdir(part, { recursive: true });
  await mkdir(join(root, "block"));
  await symlink(part, join(root, "block", partition ? "vda3" : "vda"));
  await writeFile(join(root, "devices/vda/size"), `${sectors}\n`);
  if (partition) {
    await writeFile(join(part, "size"), "8353792\n");
    await writeFile(join(part, "start"), "32768\n");
    await writeFile(join(part, "partition"), "3\n");
  }
  const script = growRootScript().replaceAll("/sys/class/block", join(root, "block"));
  const { exitCode, stdout } = await runShell([shell, "-eu", "-s"], {
    cwd: root,
    input: `
      stat() { echo ${type}; }
      findmnt() { echo /dev/${partition ? "vda3" : "vda"}; }
      growpart() { echo growpart "$@" >&3; ${growpart}; }
      btrfs() { echo btrfs "$@" >&3; }
      exec 3>&1
      ${script}`,
  });
  return [exitCode, stdout.toString()];
}

const RESIZE = "btrfs filesystem resize max /\n";

test.each(SHELLS)("grows the partition, then the file system, in %s", async (shell) => {
  expect(await run(shell, {})).toEqual([0, `growpart /dev/vda 3\n${RESIZE}`]);
});

test("a partition that fills its disk is left alone", async () => {
  expect(await run("/bin/sh", { sectors: 8_388_608 })).toEqual([0, RESIZE]);
});

test("a disk without partitions needs no growpart", async () => {
  expect(await run("/bin/sh", { partition: false })).toEqual([0, RESIZE]);
});

test("another file system is left alone", async () => {
  expect(await run("/bin/sh", { type: "ext2/ext3" })).toEqual([0, ""]);
});

test("a partition that cannot grow ends the preparation", async () => {
  expect(await run("/bin/sh", { growpart: "return 2" })).toEqual([2, "growpart /dev/vda 3\n"]);
});
