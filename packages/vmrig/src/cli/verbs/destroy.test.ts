import { readdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect } from "vitest";
import { configOf, test } from "../test-cli.test.kit.ts";

test("refuses a copy that the rig does not have, and names the known ones", async ({ cli }) => {
  const { exitCode, stderr } = await cli.start(["destroy", "pcs", "--copy", "pcs-3"]);
  expect(exitCode).toBe(2);
  expect(stderr).toContain('Rig "pcs" has no copy "pcs-3".');
  expect(stderr).toContain("available: pcs-1");
});

test("destroys one copy, and leaves the others", async ({ cli }) => {
  await writeFile(join(cli.project, "vmrig.config.mjs"), configOf(["pc1"], "copies: 2"));
  const up = await cli.start(["up"]);
  expect(up.exitCode, up.stderr).toBe(0);
  const machinesOf = (copy: string): Promise<string[]> =>
    readdir(join(cli.folders.state, "rigs", copy, "machines"));
  const left = await machinesOf("pcs-1");
  expect(left).not.toEqual([]);

  const { exitCode, stdout, stderr } = await cli.start(["destroy", "pcs", "--copy", "pcs-2"]);

  expect({ exitCode, stdout }, stderr).toEqual({
    exitCode: 0,
    stdout: "gone     terraform_data.pc1\n",
  });
  expect(await machinesOf("pcs-1")).toEqual(left);
  expect(await machinesOf("pcs-2")).toEqual([]);
});
