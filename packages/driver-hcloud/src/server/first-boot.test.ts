import { generateKeyPair } from "vmrig/driver";
import { expect, test } from "vitest";
import { authority, createMachineServer, startProject, TWO_MACHINES } from "../double.test.kit.ts";
import { publishRecord } from "../provisioning.test.kit.ts";
import { firstBoot } from "./first-boot.ts";

test("the disk of a server whose labels of a host key were removed is written again", async () => {
  const project = await startProject();
  await publishRecord(project, "recipe-1");
  await createMachineServer(project, "pc1", {
    labels: { "vmrig-image": "recipe-1", "vmrig-disk": "recipe-1" },
  });
  const begun = new AbortController();
  const by = {
    ...authority(3),
    authorize: generateKeyPair().publicKey,
    signal: begun.signal,
    say: (line: string) => begun.abort(new Error(line)),
  };
  await expect(firstBoot(project.client, { copy: TWO_MACHINES, name: "pc1" }, by)).rejects.toThrow(
    "boot     pc1: writing the image recipe-1 to its disk",
  );
});
