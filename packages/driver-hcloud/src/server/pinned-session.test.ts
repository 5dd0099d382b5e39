import { generateKeyPair } from "vmrig/driver";
import { expect, test } from "vitest";
import { authority, createMachineServer, startProject, TWO_MACHINES } from "../double.test.kit.ts";
import { hostKeyLabel } from "../host-key-label.ts";
import { openPinned } from "./pinned-session.ts";

test("a host key label that a person changed is named, and nothing is connected to", async () => {
  const project = await startProject();
  const [mine, other] = [generateKeyPair(), generateKeyPair()].map(({ publicKey }) =>
    hostKeyLabel(publicKey, { machine: "pc1", secret: "secret" }),
  ) as [string, string];
  const edited = `${other.slice(0, -11)}${mine.slice(-11)}`;
  const labels = { "vmrig-host-key": edited };
  const server = await createMachineServer(project, "pc1", { labels });
  const opened = openPinned(server, {
    ref: { copy: TWO_MACHINES, name: "pc1" },
    by: authority(3),
  });
  await expect(opened).rejects.toMatchObject({
    code: "HOST_KEY_MISMATCH",
    summary: `The label vmrig-host-key of server ${server.id} "pcs-1-pc1" is not as vmrig has set it, so the host key of pc1 is unknown.`,
    details: [`label: ${edited}`],
    hint: "it was edited outside vmrig: the recovery writes the machine's disk again, with a new host key",
  });
});
