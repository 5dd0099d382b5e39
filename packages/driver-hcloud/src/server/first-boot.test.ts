import { generateKeyPair } from "vmrig/driver";
import { expect, test } from "vitest";
import {
  authority,
  createMachineServer,
  startProject,
  TWO_MACHINES,
  type Project,
} from "../double.test.kit.ts";
import { publishRecord } from "../provisioning.test.kit.ts";
import type { Server } from "../api/servers.ts";
import { firstBoot } from "./first-boot.ts";

test.each([
  ["removed", {}],
  ["edited", { "vmrig-host-key": `ed25519.${"A".repeat(43)}.0123456789a`, "vmrig-boot": "nonce" }],
])(
  "the disk of a server whose labels of a host key were %s is written again",
  async (_, labels) => {
    const project = await startProject();
    await publishRecord(project, "recipe-1");
    await createMachineServer(project, "pc1", {
      labels: { "vmrig-image": "recipe-1", "vmrig-disk": "recipe-1", ...labels },
    });
    const begun = new AbortController();
    const by = {
      ...authority(3),
      authorize: generateKeyPair().publicKey,
      signal: begun.signal,
      say: (line: string) => begun.abort(new Error(line)),
    };
    await expect(
      firstBoot(project.client, { copy: TWO_MACHINES, name: "pc1" }, by),
    ).rejects.toThrow("boot     pc1: writing the image recipe-1 to its disk");
  },
);

/** A TCP connection to an address for multicast fails at once: no packet leaves this computer. */
const NO_ONE = "224.0.0.1";

function moveTo({ double }: Project, { id }: Server, ip: string): void {
  const address = double.project.primaryIps.all.find(({ server }) => server === id);
  Object.assign(address ?? expect.unreachable(), { ip });
}

async function startBooting(): Promise<{
  readonly project: Project;
  readonly boot: () => Promise<void>;
  readonly said: readonly string[];
}> {
  const project = await startProject();
  await publishRecord(project, "recipe-1");
  const labels = { "vmrig-image": "recipe-1", "vmrig-disk": "recipe-1", "vmrig-boot": "nonce" };
  moveTo(project, await createMachineServer(project, "pc1", { labels }), NO_ONE);
  const said: string[] = [];
  const by = {
    ...authority(3),
    authorize: generateKeyPair().publicKey,
    say: (line: string) => said.push(line),
  };
  const ref = { copy: TWO_MACHINES, name: "pc1" };
  return { project, said, boot: () => firstBoot(project.client, ref, by, { bootMs: 200 }) };
}

test("a first boot that never answers, like all other machines, may be this computer's fault, or end in a replacement", async () => {
  const { boot, said } = await startBooting();
  await expect(boot()).rejects.toMatchObject({
    code: "CLOUD_UNREACHABLE",
    summary: 'No machine of "pcs" answers this computer, also not pc1 at its first boot.',
    hint: expect.stringMatching(
      /`firewall\.ssh` of the config\. .* `vmrig up --copy pcs-1 --replace pc1`$/,
    ),
  });
  expect(said).toEqual([]);
});

test("a first boot that does not answer with its image written again names the replacement", async () => {
  const { boot, said, project } = await startBooting();
  moveTo(project, await createMachineServer(project, "pc2"), "127.0.0.1");
  await expect(boot()).rejects.toMatchObject({
    code: "MACHINE_UNREACHABLE",
    summary: expect.stringContaining("pc1 of pcs-1 does not get through its first boot"),
    hint: "replace it: `vmrig up --copy pcs-1 --replace pc1`",
  });
  expect(said).toEqual([expect.stringContaining("pc1: writing its image again, because")]);
});
