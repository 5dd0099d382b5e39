import { spawnSync } from "node:child_process";
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { onTestFinished } from "vitest";

/**
 * Puts a shell script in the place of the program `flock`, until the test ends. The variable FLOCK
 * of the script is the path of the real one.
 */
export async function useProgram(folder: string, script: string): Promise<void> {
  const { PATH } = process.env;
  const real = spawnSync("sh", ["-c", "command -v flock"], { encoding: "utf8" }).stdout.trim();
  const bin = join(folder, "bin");
  await mkdir(bin);
  await writeFile(join(bin, "flock"), `#!/bin/sh\nFLOCK="${real}"\n${script}\n`, { mode: 0o755 });
  process.env["PATH"] = `${bin}:${PATH}`;
  onTestFinished(() => void (process.env["PATH"] = PATH));
}
