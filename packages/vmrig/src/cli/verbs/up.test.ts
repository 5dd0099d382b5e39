import { describe, expect } from "vitest";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { configOf, test } from "../test-cli.test.kit.ts";

describe("up --refresh", () => {
  test("is refused before anything is leased, where the machines have no packages", async ({
    cli,
  }) => {
    await using held = await cli.hold("bob");
    const { exitCode, stdout, stderr } = await cli.start(["up", "--refresh"]);
    expect({ exitCode, stdout }, stderr).toEqual({ exitCode: 2, stdout: "" });
    expect(stderr).toContain('Machines of driver "fake" have no packages of their own to upgrade.');
    expect(await held.waiting()).toBe(0);
  });
});

test("the packages of a new machine are not too old for the config", async ({ cli }) => {
  const config = configOf(["pc1"], 'baseline: { maxAge: "1h" }');
  await writeFile(join(cli.project, "aged.config.mjs"), config);
  const { exitCode, stdout, stderr } = await cli.start(["up", "--config", "aged.config.mjs"]);
  expect(exitCode, stderr).toBe(0);
  expect(stdout).toMatch(/^ready {4}pcs-1: pc1 at baseline [0-9a-f]{16}\n$/);
  expect(stderr).not.toContain("maxAge");
});
