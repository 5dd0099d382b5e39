import { expect, onTestFinished, test } from "vitest";
import { destroy } from "../destroy.ts";
import { cloudDriver } from "../fixtures/cloud/cloud-driver.ts";
import { CloudServer } from "../fixtures/cloud/cloud-server.ts";
import { replaceState } from "../replace-state.test.kit.ts";
import { changesSince, expectWhole, post, remove, setUpTeam, type Team } from "./team.test.kit.ts";

const ALL = ["cloud_network.lan", "cloud_server.pc1", "cloud_server.pc2"];
const LOST = { code: "STATE_LOST", message: expect.stringContaining("in this account") as unknown };

/** Deletes all resources of the copy, as a person may do in the console. */
async function removeAll(team: Team): Promise<void> {
  for (const { id } of team.cloud.servers) await remove(team, `servers/${id}`);
  for (const { id } of team.cloud.networks) await remove(team, `networks/${id}`);
}

test("a copy that was deleted by hand is created again after the destroy of this copy that the error names", async () => {
  const team = await setUpTeam();
  const { stamp } = await team.provision();
  await removeAll(team);
  const { owner } = stamp;
  const hint = expect.stringMatching(
    new RegExp(`confirm that with \`vmrig destroy pcs --copy pcs-1 --owner ${owner}\`, and run`),
  ) as unknown;
  await expect(team.provision()).rejects.toMatchObject({ ...LOST, hint });

  await destroy({ ...team.options(), confirm: "pcs", owner });

  expect((await team.provision()).created.toSorted()).toEqual(ALL);
  await expectWhole(team);
});

test("after a first run that failed half-way, a run with the token of another project creates no second rig", async () => {
  const team = await setUpTeam();
  const network = await post(team, "networks", { name: "another" });
  await post(team, "servers", { name: "pcs-1-pc2", size: "512 MB", network });
  await expect(team.provision()).rejects.toMatchObject({ code: "TERRAFORM_FAILED" });
  const stored = await team.states.read(team.copy);
  expect(stored).toMatchObject({ applying: expect.arrayContaining(["pc2"]), removing: [] });
  const other = await CloudServer.start();
  onTestFinished(() => other[Symbol.asyncDispose]());

  await expect(team.provision({ driver: cloudDriver(other.endpoint) })).rejects.toMatchObject({
    ...LOST,
    message: expect.stringContaining("another project than the state"),
  });

  expect(changesSince({ cloud: other }, 0)).toEqual([]);
});

test("what a killed destroy had deleted is no loss: the next run creates it again", async () => {
  const team = await setUpTeam();
  await team.provision();
  const whole = (await team.states.read(team.copy)) ?? expect.unreachable();
  const [network] = team.cloud.networks;
  const body = { name: "another", size: "512 MB", network: network?.id };
  const another = await post(team, "servers", body);
  // The network is in use, so the destroy fails.
  await expect(destroy({ ...team.options(), confirm: "pcs" })).rejects.toMatchObject({
    code: "TERRAFORM_FAILED",
  });
  const { applying, removing } = (await team.states.read(team.copy)) ?? expect.unreachable();
  expect(removing.toSorted()).toEqual(["lan", "pc1", "pc2"]);
  await remove(team, `servers/${another}`);
  await removeAll(team);
  await replaceState(team.states, team.copy, whole.text, { applying, removing });

  expect((await team.provision()).created.toSorted()).toEqual(ALL);
});

test("a killed replacement of one machine does not explain that the others are gone", async () => {
  const team = await setUpTeam();
  await team.provision();
  const { text } = (await team.states.read(team.copy)) ?? expect.unreachable();
  await removeAll(team);
  await replaceState(team.states, team.copy, text, { applying: ["pc1"], removing: ["pc1"] });

  await expect(team.provision()).rejects.toMatchObject(LOST);

  expect(team.cloud.servers).toEqual([]);
});
