import { spawn } from "node:child_process";
import { once } from "node:events";
import { stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { createPrivateFolder } from "./private-folder.ts";

const exists = (path: string) =>
  stat(path).then(
    () => true,
    () => false,
  );

test("the folder is for its owner only, and is removed at the end", async () => {
  const folder = await createPrivateFolder();
  expect((await stat(folder.path)).mode & 0o777).toBe(0o700);
  await writeFile(join(folder.path, "disk"), "");
  await folder[Symbol.asyncDispose]();
  expect(await exists(folder.path)).toBe(false);
});

test("the folder is removed when its process is killed", async () => {
  const module = fileURLToPath(new URL("private-folder.ts", import.meta.url));
  const script = `
    import { createPrivateFolder } from ${JSON.stringify(module)};
    process.stdout.write((await createPrivateFolder()).path, () => process.kill(process.pid, "SIGKILL"));
  `;
  const child = spawn(process.execPath, ["--input-type=module", "-e", script], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  const ended = once(child, "close");
  const path = await text(child.stdout);
  await ended;
  expect(path).toContain("hcloud-double-");
  await expect.poll(() => exists(path), { timeout: 20_000 }).toBe(false);
});
