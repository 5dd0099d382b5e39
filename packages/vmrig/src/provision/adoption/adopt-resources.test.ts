import { expect, test } from "vitest";
import { tempFolder } from "../../local-files/temp-folder.test.kit.ts";
import { destroy } from "../destroy.ts";
import { machine } from "../file-driver.test.kit.ts";
import { HALF } from "../fixtures/cloud/cloud-driver.ts";
import { provision } from "../provision.ts";
import { fileStore } from "../state/stores/file/file-store.ts";
import { changesSince, expectWhole, post, remove, setUpTeam } from "./team.test.kit.ts";

const LAN = "cloud_network.lan";
const [PC1, PC2] = ["cloud_server.pc1", "cloud_server.pc2"] as const;

test.for([
  [1, "the network"],
  [2, "the network and a server"],
  [3, "everything"],
] as const)(
  "a first run is killed after %d calls: the next one, elsewhere, adopts %s, and nothing exists twice",
  async ([calls]) => {
    const team = await setUpTeam();
    await team.killAfter(calls);
    const before = [...team.cloud.networks, ...team.cloud.servers];
    expect(before).toHaveLength(calls);

    const { adopted, created } = await team.provision();

    expect([adopted.length, created.length]).toEqual([calls, 3 - calls]);
    expect([...team.cloud.networks, ...team.cloud.servers]).toEqual(expect.arrayContaining(before));
    await expectWhole(team);
  },
);

test.for([
  [1, "deleted the old server"],
  [2, "created the new server"],
] as const)(
  "an allowed replacement is killed after it %i: the next run completes it without asking",
  async ([calls]) => {
    const team = await setUpTeam();
    await team.provision();
    team.copy = { ...team.copy, machines: [machine("pc1", 1024), machine("pc2")] };
    const kept = team.cloud.servers.find(({ name }) => name === "pcs-1-pc2");
    await team.killAfter(calls, [PC1]);

    expect(await team.provision()).toMatchObject(
      calls === 1 ? { created: [PC1] } : { adopted: [PC1], created: [] },
    );

    expect(team.cloud.servers.find(({ name }) => name === "pcs-1-pc1")?.size).toBe("1024 MB");
    expect(team.cloud.servers).toContainEqual(kept);
    await expectWhole(team);
  },
);

test("a server of another owner stops the run, and both owners are named", async () => {
  const team = await setUpTeam();
  const { stamp } = await team.provision();
  const other = { ...team, states: fileStore({ folder: await tempFolder() }) };
  const before = team.cloud.calls.length;

  const error = await provision(team.options({ states: other.states })).catch(
    (thrown: unknown) => thrown,
  );

  expect(error).toMatchObject({
    code: "STATE_LOST",
    details: expect.arrayContaining([
      expect.stringMatching(
        `^${PC1}, server \\d+ "pcs-1-pc1": it belongs to the state of ${stamp.owner}`,
      ),
    ]) as unknown,
  });
  expect(changesSince(team, before)).toEqual([]);
});

test("a server whose creation was not finished is deleted, and created again", async () => {
  const team = await setUpTeam();
  const { stamp } = await team.provision();
  team.copy = { ...team.copy, machines: [...team.copy.machines, machine("pc3")] };
  const [network] = team.cloud.networks;
  const half = await post(team, "servers", {
    name: "pcs-1-pc3",
    size: "512 MB",
    note: HALF,
    network: network?.id,
    labels: { ...network?.labels, "vmrig-machine": "pc3" },
  });

  expect(await team.provision()).toMatchObject({ created: ["cloud_server.pc3"], adopted: [] });

  expect(team.output).toContain(
    `remove: cloud_server.pc3, server ${half} "pcs-1-pc3" (its creation was interrupted)`,
  );
  const pc3 = team.cloud.servers.find(({ name }) => name === "pcs-1-pc3");
  expect(pc3?.labels["vmrig-owner"]).toBe(stamp.owner);
  expect(pc3?.id).toBeGreaterThan(half);
});

test("a complete server that the config does not have stops the run, until a person allows its removal", async () => {
  const team = await setUpTeam();
  await team.provision();
  const [network] = team.cloud.networks;
  const labels = { ...network?.labels, "vmrig-machine": "pc3" };
  const body = { name: "pcs-1-pc3", size: "512 MB", network: network?.id, labels };
  await post(team, "servers", body);

  await expect(team.provision()).rejects.toMatchObject({
    code: "STATE_LOST",
    hint: "return to the config that describes them; or delete them: `vmrig up --allow cloud_server.pc3`",
  });
  expect(team.cloud.servers).toHaveLength(3);
  await team.provision({ allow: new Set(["cloud_server.pc3"]) });
  await expectWhole(team);
});

test("a server that was deleted by hand is created again only with permission", async () => {
  const team = await setUpTeam();
  await team.provision();
  const pc2 = team.cloud.servers.find(({ name }) => name === "pcs-1-pc2");
  await remove(team, `servers/${pc2?.id}`);

  await expect(team.provision()).rejects.toMatchObject({
    code: "PLAN_REFUSED",
    details: [expect.stringContaining(`${PC2} was deleted outside vmrig`)],
  });
  expect(await team.provision({ allow: new Set([PC2]) })).toMatchObject({ created: [PC2] });
  await expectWhole(team);
});

test.for([
  ["with its state", false],
  ["although its state is lost", true],
] as const)("a copy is destroyed %s, with what a killed run left", async ([, lost]) => {
  const team = await setUpTeam();
  await team.killAfter(2);
  const states = lost ? fileStore({ folder: await tempFolder() }) : team.states;

  const owner = team.cloud.networks[0]?.labels["vmrig-owner"] ?? "";
  const confirmed = { ...team.options({ states }), confirm: "pcs" };
  const { destroyed } = await destroy({ ...confirmed, ...(lost && { owner }) });

  expect(destroyed.toSorted()).toEqual([LAN, team.output.some((l) => l.includes(PC1)) ? PC1 : PC2]);
  expect([team.cloud.networks, team.cloud.servers]).toEqual([[], []]);
});
