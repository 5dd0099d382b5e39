import { appendFile, mkdir, readFile, rmdir } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { expect, vi } from "vitest";
import type { Machine } from "vmrig";

/** Path outside of the part of the machine that a rollback restores. */
const folder = process.env["TEST_FOLDER"] ?? "";
const log = join(folder, "log");

/**
 * Fails when another file uses the copy at the same time. When the run asks for it, the first two
 * files end only after both have begun.
 */
export async function use(file: string, pc1: Machine): Promise<void> {
  const copy = await copyOf(pc1);
  const lock = join(folder, `in-use-${copy}`);
  await mkdir(lock);
  await appendFile(
    log,
    `begin ${file} ${copy} worker ${process.env["VITEST_POOL_ID"]}, process ${process.pid}\n`,
  );
  await pc1.$`echo ${file} >> visits`;
  if (process.env["TEST_MEET"] === "yes" && "ab".includes(file)) {
    await vi.waitFor(
      async () => expect(await begun()).toEqual(expect.arrayContaining(["a", "b"])),
      { timeout: 30_000, interval: 20 },
    );
  }
  await appendFile(log, `end ${file} ${copy}\n`);
  await rmdir(lock);
}

/** Records which files have left something on the copy. */
export async function look(file: string, pc1: Machine): Promise<void> {
  const visits = await pc1.$({ reject: false })`cat visits`;
  await appendFile(log, `left for ${file}: ${visits.stdout.split("\n").join(" ")}\n`);
}

async function begun(): Promise<string[]> {
  return [...(await readFile(log, "utf8")).matchAll(/^begin (\w)/gm)].map(([, file = ""]) => file);
}

/** Returns the copy's name, from the fake driver's path `…/rigs/pcs-1/…`. */
async function copyOf(pc1: Machine): Promise<string> {
  const { stdout } = await pc1.$`echo $VMRIG_FAKE_DISK`;
  return /\/(pcs-\d)\//.exec(stdout)?.[1] ?? basename(dirname(stdout));
}
