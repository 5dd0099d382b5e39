import { expect, test } from "vitest";
import { setUpTeam } from "./provisioning.test.kit.ts";

/** Changes in the cloud by a first run: 5 resources, and 3 calls for each of 2 servers. */
const CALLS = 11;

test.for(Array.from({ length: CALLS }, (_, index) => index + 1))(
  "a first run is killed after call %d: the next one, elsewhere, completes the rig, and nothing exists twice",
  async (calls) => {
    const team = await setUpTeam();
    await team.killAfter(calls);
    await team.run().provision();
    const { project } = team.double;
    expect(team.servers()).toEqual(["pcs-1-pc1", "pcs-1-pc2"]);
    for (const kind of ["networks", "firewalls", "placementGroups", "sshKeys"] as const)
      expect(project[kind].all).toHaveLength(1);
    expect(project.servers.all.map(({ protection }) => protection.delete)).toEqual([true, true]);
    expect(project.servers.all.map(({ attachments }) => attachments.length)).toEqual([1, 1]);
    expect(await team.run().provision()).toMatchObject({ created: [], updated: [], replaced: [] });
  },
);
