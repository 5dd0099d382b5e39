import { open, readFile, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { trimConsole } from "./console-log.ts";
import { tempFolder } from "./temp-folder.test.kit.ts";

const line = (index: number): string => `line ${String(index).padStart(10, "0")}\n`;

test("a console above 16 MiB keeps its last lines, and an open writer appends after them", async () => {
  const path = join(await tempFolder(), "console.log");
  const lines = Math.ceil((16 * 1024 * 1024 + 1) / line(0).length);
  await writeFile(path, Array.from({ length: lines }, (_, index) => line(index)).join(""));
  const qemu = await open(path, "a");
  try {
    await trimConsole(path);
    await qemu.write("after\n");
  } finally {
    await qemu.close();
  }
  const kept = (await readFile(path, "utf8")).split("\n");
  expect((await stat(path)).size).toBeLessThan(1024 * 1024 + 10);
  expect(kept[0]).toMatch(/^line \d{10}$/);
  expect(kept.slice(-3)).toEqual([line(lines - 1).trimEnd(), "after", ""]);
});

test("a small or missing console is not changed", async () => {
  const path = join(await tempFolder(), "console.log");
  await trimConsole(path);
  await expect(stat(path)).rejects.toThrow("ENOENT");
  await writeFile(path, "Booting\n");
  await trimConsole(path);
  expect(await readFile(path, "utf8")).toBe("Booting\n");
});
