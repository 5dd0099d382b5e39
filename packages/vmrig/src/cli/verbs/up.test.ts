import { describe, expect } from "vitest";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { machineFiles } from "../../driver/fake/machine-files.ts";
import { embeddedFolders } from "../../gate/store/open-store.ts";
import { openLeaseStore } from "../../lease/open-lease-store.ts";
import { embeddedRedis } from "../../redis/embedded-redis.ts";
import { configOf, test, type TestCli } from "../test-cli.test.kit.ts";

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

describe("up --replace", () => {
  test("replaces a machine that seems intact, prepares its copy again, and leaves the others", async ({
    cli,
  }) => {
    expect((await cli.start(["up"])).exitCode).toBe(0);
    const before = await hostKeys(cli);

    const { exitCode, stdout, stderr } = await cli.start(["up", "--replace", "pc1"]);

    expect(exitCode, stderr).toBe(0);
    expect(stdout).toMatch(/^ready {4}pcs-1: pc1, pc2 at baseline [0-9a-f]{16}\n$/);
    expect(stderr).toContain("check    pcs-1: terraform_data.pc1 is to be replaced; asking");
    expect(stderr).toContain("replace  pc1, with everything on its disk");
    const after = await hostKeys(cli);
    expect(after["pc1"]).not.toBe(before["pc1"]);
    expect(after["pc2"]).toBe(before["pc2"]);
    const again = await cli.start(["up"]);
    expect(again.stderr).not.toContain("Terraform");
  });

  test("refuses a machine that the config does not have, and names the known ones", async ({
    cli,
  }) => {
    const { exitCode, stderr } = await cli.start(["up", "--replace", "pc7"]);
    expect(exitCode).toBe(2);
    expect(stderr).toContain('Rig "pcs" has no machine "pc7".');
    expect(stderr).toContain("available: pc1, pc2");
  });

  test("asks for the copy where there are several, and proposes only broken ones", async ({
    cli,
  }) => {
    const more = "copies: 3";
    const text = configOf(["pc1"], more).replace('"pcs"', '"several"');
    await writeFile(join(cli.project, "several.config.mjs"), text);
    const replace = ["up", "--config", "several.config.mjs", "--replace", "pc1"];

    const { exitCode, stderr } = await cli.start(replace);

    expect(exitCode).toBe(2);
    for (const copy of ["several-1", "several-2", "several-3"])
      expect(stderr).toContain(`${copy}: not marked as broken`);
    expect(stderr).toContain("hint: add `--copy NAME`, with the copy of the machine");
    await markBroken(cli, "several-2", "pc1 of several-2 cannot be brought back.");
    const marked = await cli.start(replace);
    expect(marked.exitCode).toBe(2);
    expect(marked.stderr).toContain("several-1: not marked as broken");
    expect(marked.stderr).toMatch(
      /several-2: broken since 2026-\S+Z; pc1 of several-2 cannot be brought back\./,
    );
    expect(marked.stderr).toMatch(/hint: add `--copy several-2`$/m);
  });
});

/** Marks a copy of the rig `several` as broken, as a run does whose recovery failed. */
async function markBroken({ folders }: TestCli, copy: string, summary: string): Promise<void> {
  const redis = embeddedFolders(folders);
  const { socketPath } = await embeddedRedis(redis);
  await using store = await openLeaseStore({ redis: { socketPath } });
  const holder = { who: "bob", host: "laptop", command: "vitest run", session: copy };
  const request = { holder, waitForMs: 10_000 };
  const lease = await store.acquire({ rig: "several", copies: [copy] }, request);
  await store.saveRecord(lease, { broken: { summary, at: Date.UTC(2026, 0, 1) } });
  await lease.release();
}

async function hostKeys({ folders }: TestCli): Promise<Record<string, string>> {
  const copy = {
    folder: join(folders.state, "rigs", "pcs-1"),
    runtimeFolder: join(folders.runtime, "pcs-1"),
  };
  const keys: Record<string, string> = {};
  for (const name of ["pc1", "pc2"])
    keys[name] = await readFile(machineFiles(copy, name).hostPublicKey, "utf8");
  return keys;
}
