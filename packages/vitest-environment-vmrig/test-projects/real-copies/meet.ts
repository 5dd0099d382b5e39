import { appendFile, readdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest-environment-vmrig";

const folder = process.env["TEST_FOLDER"] ?? "";

/**
 * A test file that has its own machine and ends only when another file has a machine at the same
 * time. Two files that meet must have different machines.
 */
export function meetAnother(name: string, other: string): void {
  test(`${name} has a machine for itself while ${other} has another`, async ({ pc1 }) => {
    expect(await pc1.file("used").exists()).toBe(false);
    await pc1.file("used").write(name);
    const boot = (await pc1.$`cat /proc/sys/kernel/random/boot_id`).stdout;
    await appendFile(join(folder, "machines"), `${name} ${boot}\n`);
    await writeFile(join(folder, name), "");
    await expect.poll(() => readdir(folder), { timeout: 200_000 }).toContain(other);
    expect(await pc1.file("used").text()).toBe(name);
  });
}
