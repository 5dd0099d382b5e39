import { execFile } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { expect, onTestFinished, test } from "vitest";
import { HcloudDouble } from "../hcloud-double.ts";
import { KEYS } from "../hcloud-double.test.kit.ts";
import { installedClients } from "./clients.test.kit.ts";

const run = promisify(execFile);
const { hcloud, python } = installedClients();

interface Rig {
  readonly double: HcloudDouble;
  readonly folder: string;
  readonly env: NodeJS.ProcessEnv;
}

async function start(): Promise<Rig> {
  const double = await HcloudDouble.start();
  const folder = await mkdtemp(join(tmpdir(), "hcloud-double-test-"));
  onTestFinished(async () => {
    await double[Symbol.asyncDispose]();
    await rm(folder, { recursive: true, force: true });
  });
  const { endpoint, token } = double;
  // No config of this user.
  const env = { HOME: folder, HCLOUD_ENDPOINT: endpoint, HCLOUD_TOKEN: token };
  return { double, folder, env };
}

/** Words of a table, line by line. */
function rows(table: string): string[][] {
  return table
    .trim()
    .split("\n")
    .map((line) => line.trim().split(/\s+/));
}

test.skipIf(hcloud === undefined)(
  "Debian's hcloud creates, stops and deletes a server",
  async () => {
    const { double, folder, env } = await start();
    const cli = async (...args: string[]) => {
      const { stdout } = await run(hcloud ?? "", args, { env: { ...process.env, ...env } });
      return stdout;
    };
    const keyFile = join(folder, "key.pub");
    await writeFile(keyFile, KEYS[0]);
    await cli("ssh-key", "create", "--name", "one", "--public-key-from-file", keyFile);
    await cli("network", "create", "--name", "lan", "--ip-range", "10.0.0.0/16");
    const subnet = ["--type", "cloud", "--network-zone", "eu-central", "--ip-range", "10.0.1.0/24"];
    await cli("network", "add-subnet", "lan", ...subnet);
    const place = ["--location", "fsn1", "--network", "lan", "--label", "rig=pcs"];
    const order = ["--type", "cx23", "--image", "debian-13", "--ssh-key", "one"];
    await cli("server", "create", "--name", "pc1", ...order, ...place);
    const list = ["server", "list", "--selector", "rig=pcs", "-o", "columns=name,status,ipv4"];
    expect(rows(await cli(...list))[1]).toEqual(["pc1", "running", "198.18.0.1"]);

    await cli("server", "poweroff", "pc1");
    await cli("server", "create-image", "pc1", "--type", "snapshot", "--description", "golden");
    await cli("server", "delete", "pc1");
    const images = ["image", "list", "--type", "snapshot", "-o", "columns=description"];
    expect(rows(await cli(...images))[1]).toEqual(["golden"]);
    // It does not wait for the end of the action.
    await double.project.actions.settle();
    expect(double.project.servers.all).toEqual([]);
  },
);

const PROGRAM = `
import os
from hcloud import Client
from hcloud.images.domain import Image
from hcloud.server_types.domain import ServerType

client = Client(
    token=os.environ["HCLOUD_TOKEN"],
    api_endpoint=os.environ["HCLOUD_ENDPOINT"],
    poll_interval=0.1,
)
created = client.servers.create(
    "pc1", server_type=ServerType("cx23"), image=Image(name="debian-13"), labels={"rig": "pcs"}
)
created.action.wait_until_finished()
for action in created.next_actions:
    action.wait_until_finished()
server = client.servers.get_by_name("pc1")
print(server.status, server.public_net.ipv4.ip, len(created.root_password) > 0)
rescue = client.servers.enable_rescue(server, type="linux64")
rescue.action.wait_until_finished()
server.power_off().wait_until_finished()
snapshot = client.servers.create_image(server, description="golden")
snapshot.action.wait_until_finished()
print(client.images.get_by_id(snapshot.image.id).description)
server.delete().wait_until_finished()
print(client.servers.get_all(label_selector="rig=pcs"))
`;

test.skipIf(python === undefined)("Debian's python3-hcloud drives a whole life", async () => {
  const { env } = await start();
  const { stdout } = await run(python ?? "", ["-c", PROGRAM], { env: { ...process.env, ...env } });
  expect(stdout).toBe("running 198.18.0.1 True\ngolden\n[]\n");
});
