import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect } from "vitest";
import { configOf, test } from "../test-cli.test.kit.ts";

const TWO = ["--config", "two.config.mjs"];

test("up creates every copy, one after another", async ({ cli }) => {
  await writeFile(
    join(cli.project, "two.config.mjs"),
    configOf(["pc1"], "copies: 2").replace('"pcs"', '"two"'),
  );
  const { exitCode, stdout, stderr } = await cli.start(["up", ...TWO]);
  expect(exitCode, stderr).toBe(0);
  expect(stdout).toMatch(
    /^ready {4}two-1: pc1 at baseline \w+\nready {4}two-2: pc1 at baseline \w+\n$/,
  );
});

test("stops the machines of every copy; the next run uses them at the same baseline, without Terraform", async ({
  cli,
}) => {
  const { exitCode, stdout } = await cli.start(["down", ...TWO]);
  expect({ exitCode, stdout }).toEqual({
    exitCode: 0,
    stdout: "off      two-1: pc1\noff      two-2: pc1\noff      the embedded Redis\n",
  });
  expect((await cli.start(["status", ...TWO])).stdout.match(/^ {2}pc1 {3}off /gm)).toHaveLength(2);
  expect((await cli.start(["down", "--copy", "two-2", ...TWO])).stdout).toBe(
    "off      two-2: no machine was running\n",
  );
  const again = await cli.start(["rollback", ...TWO]);
  expect(again.stdout).toMatch(
    /^ready {4}two-1: pc1 at baseline \w+\nready {4}two-2: pc1 at baseline \w+\n$/,
  );
  expect(again.stderr).not.toMatch(/^(plan|apply|baseline)/m);
});

test("the embedded Redis stays while another run uses it", async ({ cli }) => {
  await using _run = await cli.hold("alice");
  const { stdout } = await cli.start(["down", ...TWO]);
  expect(stdout).toMatch(/^off {6}two-1: .*\noff {6}two-2: .*\n$/);
  expect((await cli.start(["status", ...TWO])).stdout).not.toContain("is not running");
});

test("rejects a driver without this capability", async ({ cli }) => {
  const config = configOf(["pc1"]).replace(
    "driver: fakeDriver()",
    "driver: { ...fakeDriver(), stop: undefined }",
  );
  await writeFile(join(cli.project, "endless.config.mjs"), config);
  const { exitCode, stderr } = await cli.start(["down", "--config", "endless.config.mjs"]);
  expect({ exitCode, stderr }).toEqual({
    exitCode: 2,
    stderr:
      'The driver "fake" does not support stopping machines.\nhint: `vmrig destroy --config endless.config.mjs pcs` destroys them for good\n',
  });
});

test("an unknown copy is rejected with the known ones", async ({ cli }) => {
  const { exitCode, stderr } = await cli.start(["down", ...TWO, "--copy", "two-3"]);
  expect({ exitCode, stderr }).toEqual({
    exitCode: 2,
    stderr: 'Rig "two" has no copy "two-3".\n  available: two-1, two-2\n',
  });
});
