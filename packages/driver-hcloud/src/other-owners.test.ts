import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { driverTerraform, type DriverTerraform } from "vmrig/driver-terraform";
import { updateServer, listServers } from "./api/servers.ts";
import { TWO_MACHINES, OPTIONS, SECRET } from "./double.test.kit.ts";
import { hcloud } from "./driver.ts";
import { setUpTeam, type Team } from "./provisioning.test.kit.ts";

/** Returns Terraform of another team, whose rig has the same name in the same project. */
async function otherTeam(): Promise<DriverTerraform> {
  const folder = await mkdtemp(join(tmpdir(), "vmrig-test-"));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  const copy = { ...TWO_MACHINES, folder, cacheFolder: folder, runtimeFolder: folder };
  const stateFolder = join(folder, "states");
  return driverTerraform({ driver: hcloud(OPTIONS), copy, secret: SECRET, stateFolder });
}

/** Returns the calls that changed something since. */
function changesSince({ double }: Team, from: number): readonly string[] {
  const calls = double.calls.slice(from).filter(({ method }) => method !== "GET");
  return calls.map(({ method, path }) => `${method} ${path}`);
}

test("a rig of another team with the same name stops a run and a destroy before any change", async () => {
  const team = await setUpTeam();
  const { stamp } = await team.run().provision();
  const other = await otherTeam();
  const before = team.double.calls.length;
  const refusal = {
    code: "STATE_LOST",
    details: expect.arrayContaining([
      expect.stringMatching(
        `^hcloud_server.pc1, server \\d+ "pcs-1-pc1": it belongs to the state of ${stamp.owner}`,
      ),
    ]) as unknown,
    hint: expect.stringContaining(
      `\`vmrig destroy pcs --copy pcs-1 --owner ${stamp.owner}\``,
    ) as string,
  };
  await expect(other.provision()).rejects.toMatchObject(refusal);
  await expect(other.destroy()).rejects.toMatchObject(refusal);
  expect(changesSince(team, before)).toEqual([]);
  expect(team.servers()).toEqual(["pcs-1-pc1", "pcs-1-pc2"]);
});

test("one server with the labels of the copy and another owner stops a run", async () => {
  const team = await setUpTeam();
  await team.run().provision();
  const [server] = await listServers(team.client, { labels: { "vmrig-machine": "pc1" } });
  const of = server ?? expect.unreachable();
  const labels = { ...of.labels, "vmrig-owner": "another-team" };
  await updateServer(team.client, { of, change: { labels } });
  const before = team.double.calls.length;
  await expect(team.run().provision()).rejects.toMatchObject({
    code: "STATE_LOST",
    details: expect.arrayContaining([
      expect.stringContaining("it belongs to the state of another-team"),
    ]) as unknown,
  });
  expect(changesSince(team, before)).toEqual([]);
});
