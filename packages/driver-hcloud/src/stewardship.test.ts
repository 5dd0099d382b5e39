import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test, vi } from "vitest";
import { driverTerraform } from "vmrig/driver-terraform";
import { listServers } from "./api/servers.ts";
import { createMachineServer, TWO_MACHINES, OPTIONS, SECRET } from "./double.test.kit.ts";
import { hcloud } from "./driver.ts";
import { setUpTeam, type Team } from "./provisioning.test.kit.ts";
import { exportState, setUpOffice, type Office } from "./stewardship.test.kit.ts";

/** Creates the rig by Terraform, and stores its state in the Redis of the office. */
async function provisionInto(office: Office, name = "pcs-1"): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "vmrig-test-"));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  const copy = { ...TWO_MACHINES, copy: name, folder, cacheFolder: folder, runtimeFolder: folder };
  const stateFolder = join(folder, "states");
  const terraform = driverTerraform({
    driver: hcloud(OPTIONS),
    copy,
    secret: SECRET,
    stateFolder,
  });
  const { stamp } = await terraform.provision();
  const state = await exportState(stateFolder);
  const pushed = await office.vmrig("state", "push", "--copy", name, "--base", "0", state);
  expect(pushed, pushed.stderr).toMatchObject({ exitCode: 0 });
  return stamp.owner;
}

test("destroy also destroys a copy that the config no longer asks for", async () => {
  const team = await setUpTeam();
  const office = await setUpOffice("copies: Number(process.env.TEST_COPIES)");
  vi.stubEnv("TEST_COPIES", "2");
  await provisionInto(office, "pcs-2");
  vi.stubEnv("TEST_COPIES", "1");
  const destroyed = await office.vmrig("destroy", "pcs");
  expect(destroyed, destroyed.stderr).toMatchObject({
    exitCode: 0,
    stdout: expect.stringContaining("gone     hcloud_server.pc1\n"),
  });
  expect(team.servers()).toEqual([]);
});

const namesOf = async ({ client }: Team) => (await listServers(client)).map(({ name }) => name);

test("a sweep lists nothing of a rig that is whole, and everything of it when its state is elsewhere", async () => {
  const team = await setUpTeam();
  const [office, other] = [await setUpOffice(), await setUpOffice()];
  const owner = await provisionInto(office);
  expect(await office.vmrig("sweep")).toEqual({
    exitCode: 0,
    stdout: "",
    stderr: "sweep    no orphans\n",
  });

  const seen = await other.vmrig("sweep", "--remove");
  expect(seen.stdout.match(/^unknown /gm)).toHaveLength(6);
  expect(seen.stdout).not.toMatch(/^(removed|orphan)/m);
  expect(seen.stdout).toMatch(
    new RegExp(
      `^unknown {2}server \\d+ "pcs-1-pc1", cx23 in fsn1 with an IPv4 address of pcs-1: no state in .* has the owner ${owner}, 3\\.49 EUR a month net$`,
      "m",
    ),
  );
  expect(await namesOf(team)).toHaveLength(2);

  const named = await other.vmrig("sweep", "--remove", "--owner", owner);
  expect(named, named.stderr).toMatchObject({ exitCode: 0 });
  expect(named.stderr).toContain("sweep    6 orphans, 6 removed\n");
  expect(await namesOf(team)).toEqual([]);
  const { project } = team.double;
  for (const kind of ["networks", "firewalls", "placementGroups", "sshKeys"] as const)
    expect(project[kind].all).toEqual([]);
});

test("a server that the state lacks is removed, and the others stay", async () => {
  const team = await setUpTeam();
  const office = await setUpOffice();
  const first = await provisionInto(office);
  await createMachineServer(team, "pc9", { labels: { "vmrig-owner": first } });
  const newer = await office.vmrig("sweep");
  expect(newer.stdout).toMatch(/^unknown .*"pcs-1-pc9".*: it is newer than the state of pcs-1/m);
  const [server] = await listServers(team.client, { labels: { "vmrig-machine": "pc9" } });
  const record = team.double.project.servers.byId(server?.id ?? 0) ?? expect.unreachable();
  Object.assign(record, { created: "2026-01-02T00:00:00Z" });
  const { stdout, stderr } = await office.vmrig("sweep", "--remove");
  expect(stdout).toMatch(/^removed .*"pcs-1-pc9".*: the state of pcs-1 does not have it/m);
  expect(stderr).toContain("sweep    1 orphan, 1 removed\n");
  expect((await namesOf(team)).toSorted()).toEqual(["pcs-1-pc1", "pcs-1-pc2"]);
});

test("status shows the price of the rig, and works with a token that was revoked", async () => {
  const team = await setUpTeam();
  const office = await setUpOffice();
  await provisionInto(office);
  const { stdout } = await office.vmrig("status");
  expect(stdout).toMatch(
    /^cost {5}0\.0112 EUR an hour, 7\.00 EUR a month net \(gross: 0\.0133, 8\.33\)$/m,
  );
  expect(stdout).toMatch(
    /^ {2}server \d+ "pcs-1-pc1", cx23 in fsn1 +0\.0048 an hour +2\.99 a month$/m,
  );
  expect(stdout).toMatch(
    /^ {2}image \d+ "debian-13" for x86, 1\.5 GB \(recipe-1\) +- +0\.02 a month$/m,
  );

  team.double.tokens.clear();
  const refused = await office.vmrig("status");
  expect(refused).toMatchObject({ exitCode: 0, stderr: "" });
  expect(refused.stdout.match(/^account {2}machines and costs unknown: .+$/gm)).toEqual([
    expect.stringMatching(/the token is missing or unknown/),
  ]);
  expect(refused.stdout).toMatch(/^pcs-1 {4}free$/m);
  expect(refused.stdout).toMatch(/^ {2}Terraform state version \d+/m);
});
