import { chmod, mkdir, mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { ensureTool } from "./tool.mjs";

/** @type {string} */
let folder;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "vmrig-test-"));
  await mkdir(join(folder, "package"));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

/**
 * Creates a package that npm can install from a local folder.
 *
 * @param {string} script
 */
async function tool(script) {
  await writeFile(
    join(folder, "package/package.json"),
    '{ "name": "tool", "version": "1.0.0", "bin": "tool.sh" }',
  );
  await writeFile(join(folder, "package/tool.sh"), `#!/bin/sh\n${script}\n`);
  await chmod(join(folder, "package/tool.sh"), 0o755);
  return {
    folder: join(folder, "tools/tool-1"),
    spec: join(folder, "package"),
    program: "node_modules/tool/tool.sh",
  };
}

test("is fetched once by simultaneous callers, and leaves no incomplete installation", async () => {
  const wanted = await tool("echo 1.0.0");
  const context = { env: process.env, announce: () => undefined };
  const programs = await Promise.all([ensureTool(wanted, context), ensureTool(wanted, context)]);
  expect(new Set(programs)).toEqual(new Set([join(wanted.folder, wanted.program)]));
  expect(await readdir(join(folder, "tools"))).toEqual(["tool-1"]);

  let announced = 0;
  await ensureTool(wanted, { env: process.env, announce: () => (announced += 1) });
  expect(announced).toBe(0);
});

test("is rejected and deleted when it does not run on this computer", async () => {
  const wanted = await tool("echo 'wrong libc' >&2; exit 127");
  await expect(
    ensureTool(wanted, { env: process.env, announce: () => undefined }),
  ).rejects.toMatchObject({
    message: expect.stringContaining("does not run on this computer"),
    details: ["wrong libc"],
  });
  expect(await readdir(join(folder, "tools"))).toEqual([]);
});
