import { HcloudDouble, qemuBackend } from "@vmrig/hcloud-double";
import { homedir } from "node:os";
import { join } from "node:path";
import { expect, test, vi } from "vitest";
import { dial, generateKeyPair, type SshConnection } from "vmrig/driver";
import { awaitActions } from "../api/action/await-actions.ts";
import { createClient } from "../api/call/client.ts";
import { createServer, listServers } from "../api/servers.ts";
import { createSshKey } from "../api/ssh-keys.ts";
import { userData } from "../stack/user-data.ts";
import { readLocalImage } from "./local-image.ts";
import { publishImage } from "./publish-image.ts";

vi.setConfig({ testTimeout: 1_200_000 });

const CACHE =
  process.env["VMRIG_CACHE"] ??
  join(process.env["XDG_CACHE_HOME"] ?? join(homedir(), ".cache"), "vmrig");

test("a server made of the published image boots with its pinned key and uses its whole disk", async () => {
  const imageFolder = join(CACHE, "images", "debian-13");
  await using backend = await qemuBackend({ imageFolder });
  await using double = await HcloudDouble.start({ backend });
  await using client = createClient({ token: double.token, endpoint: double.endpoint });

  // 1. Publish.
  const image = await readLocalImage("debian-13", CACHE);
  const lines: string[] = [];
  const { id } = await publishImage(client, { image, say: (line) => void lines.push(line) });
  expect(lines.at(-1)).toBe(`image    published debian-13 (${image.digest}) as image ${id}`);
  expect(await listServers(client)).toEqual([]);

  // 2. Make a server of it.
  const [hostKey, control] = [generateKeyPair(), generateKeyPair()];
  const labels = {};
  const key = await createSshKey(client, {
    key: { name: "k", labels, public_key: control.publicKey },
  });
  const { resource: server, actions } = await createServer(client, {
    server: {
      name: "pc1",
      labels,
      server_type: "cx23",
      location: "fsn1",
      image: id,
      ssh_keys: [key.resource.id],
      user_data: userData({ hostname: "pc1", hostKey, controlKey: control.publicKey }),
    },
  });
  await awaitActions(client, { actions, task: "create pc1", timeoutMs: 300_000 });

  // 3. Log in with the pinned key, as soon as the first boot lets us.
  const host = server.public_net.ipv4?.ip ?? expect.unreachable("it has an address");
  const { privateKey } = control;
  const target = { host, port: 22, user: "root", hostKey: hostKey.publicKey, privateKey };
  await using pc1 = await dial(target, { name: "pc1", timeoutMs: 400_000 });
  await waitForMarker(pc1);
  expect(await output(pc1, "hostname; systemctl is-system-running --wait")).toBe("pc1\nrunning\n");
  expect(await output(pc1, "findmnt -n -o SOURCE,FSTYPE /")).toMatch(/^\/dev\/sda3\[\/@\] btrfs$/m);
  expect(Number(await output(pc1, "df --output=size -B1 / | tail -1"))).toBeGreaterThan(39e9);
  expect(await output(pc1, "cat /root/.ssh/authorized_keys")).toContain(control.publicKey);
});

async function output(connection: SshConnection, command: string): Promise<string> {
  const { stdout } = await connection.exec(command, { timeoutMs: 300_000 });
  return stdout.toString();
}

/** The last step of the first boot writes it. */
async function waitForMarker(connection: SshConnection): Promise<void> {
  const marker = "until [ -e /etc/cloud/cloud-init.disabled ]; do sleep 1; done";
  const { exitCode } = await connection.exec(marker, { timeoutMs: 300_000 });
  expect(exitCode).toBe(0);
}
