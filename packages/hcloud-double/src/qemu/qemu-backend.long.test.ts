import { homedir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { HcloudDouble } from "../hcloud-double.ts";
import { send, type Body } from "../hcloud-double.test.kit.ts";
import { qemuBackend, type QemuBackend } from "./qemu-backend.ts";
import { newSsh, type Ssh } from "./ssh.test.kit.ts";

const BOOT = { timeout: 270_000, interval: 1000 };
const SOON = { timeout: 120_000, interval: 500 };
const CACHE =
  process.env["VMRIG_CACHE"] ??
  join(process.env["XDG_CACHE_HOME"] ?? join(homedir(), ".cache"), "vmrig");

let stack: AsyncDisposableStack;
let backend: QemuBackend;
let double: HcloudDouble;
let ssh: Ssh;
let network: number;
/** Boots the rescue system, with the image on its disk. */
let pc1: Server;

interface Server {
  readonly id: number;
  readonly address: string;
}

async function done(method: string, path: string, body?: object): Promise<Body> {
  const answer = await send(double, { method, path, body });
  expect(answer.status, JSON.stringify(answer.body)).toBeLessThan(300);
  await double.project.actions.settle();
  const failed = double.project.actions.all.filter(({ status }) => status === "error");
  expect(failed).toEqual([]);
  return answer.body;
}

async function create(more: object): Promise<Server> {
  const order = { server_type: "cx23", image: "debian-13", ssh_keys: ["test"] };
  const { server } = await done("POST", "/servers", { ...order, networks: [network], ...more });
  const { ipv4 } = server["public_net"] as { readonly ipv4: { readonly ip: string } };
  return { id: server.id, address: ipv4.ip };
}

/** Waits until SSH answers. */
async function untilUp({ id, address }: Server): Promise<void> {
  try {
    await vi.waitFor(() => ssh.run(address, "true"), BOOT);
  } catch (error) {
    const console = await backend.console(id);
    throw new Error(`no SSH; the console ends with: ${console.slice(-2000)}`, { cause: error });
  }
}

async function status({ id }: Server): Promise<unknown> {
  return (await send(double, { method: "GET", path: `/servers/${id}` })).body.server["status"];
}

beforeAll(async () => {
  await using starting = new AsyncDisposableStack();
  ssh = starting.use(await newSsh());
  const imageFolder = join(CACHE, "images", "debian-13");
  backend = starting.use(await qemuBackend({ imageFolder }));
  double = starting.use(await HcloudDouble.start({ backend }));
  stack = starting.move();
  await done("POST", "/ssh_keys", { name: "test", public_key: ssh.publicKey });
  const subnets = [{ type: "cloud", network_zone: "eu-central", ip_range: "10.0.1.0/24" }];
  const lan = await done("POST", "/networks", { name: "lan", ip_range: "10.0.0.0/16", subnets });
  network = lan.network.id;

  pc1 = await create({ name: "pc1", user_data: "#!/bin/sh\n: pc1\n", start_after_create: false });
  await done("POST", `/servers/${pc1.id}/actions/enable_rescue`, { ssh_keys: ["test"] });
  await done("POST", `/servers/${pc1.id}/actions/poweron`);
  await untilUp(pc1);
});

afterAll(() => stack[Symbol.asyncDispose]());

test("the rescue system runs beside the server's disk, and has what writes one", async () => {
  const disks = JSON.parse(
    await ssh.run(pc1.address, "lsblk --json --bytes --output NAME,SIZE,TYPE,MOUNTPOINTS"),
  ) as { readonly blockdevices: readonly { readonly name: string; readonly size: number }[] };
  expect(disks.blockdevices).toContainEqual(expect.objectContaining({ name: "sda", size: 40e9 }));
  expect(await ssh.run(pc1.address, "findmnt --noheadings --output SOURCE")).not.toContain(
    "/dev/sda",
  );
  expect(await ssh.run(pc1.address, "cat /proc/cmdline")).toMatch(/root=\/dev\/vda\d*\s/);
  await ssh.run(pc1.address, "command -v gzip dd blkdiscard lsblk");
});

test("a guest reads its metadata and its user data at the vendor's address", async () => {
  const get = (path: string) =>
    ssh.run(
      pc1.address,
      `exec 3<>/dev/tcp/169.254.169.254/80; printf 'GET ${path} HTTP/1.0\\r\\n\\r\\n' >&3; cat <&3`,
    );
  expect(await get("/hetzner/v1/metadata/instance-id")).toMatch(new RegExp(`\r\n\r\n${pc1.id}$`));
  expect(await get("/hetzner/v1/userdata")).toContain(": pc1");
  expect(await ssh.run(pc1.address, "cat /sys/class/dmi/id/{sys_vendor,product_serial}")).toBe(
    `Hetzner\n${pc1.id}\n`,
  );
});

test("an interface of a network is plugged in and out while the server runs", async () => {
  const subnets = [{ type: "cloud", network_zone: "eu-central", ip_range: "10.7.1.0/24" }];
  const wish = { name: "second", ip_range: "10.7.0.0/16", subnets };
  const second = await done("POST", "/networks", wish);
  const body = { network: second.network.id };
  const addresses = () => ssh.run(pc1.address, "ip -brief -4 address; ip -4 route");

  await done("POST", `/servers/${pc1.id}/actions/attach_to_network`, { ...body, ip: "10.7.1.5" });
  await expect.poll(addresses, SOON).toContain("10.7.1.5/32");
  expect(await addresses()).toContain("10.7.0.0/16 via 10.7.0.1");
  await done("POST", `/servers/${pc1.id}/actions/detach_from_network`, body);
  await expect.poll(addresses, SOON).not.toContain("10.7.1.5");
});

test(
  "what rescue wrote is on the disk, in its snapshot, and in the servers made of that",
  { timeout: 600_000 },
  async () => {
    await ssh.run(
      pc1.address,
      "echo from-rescue | dd of=/dev/sda bs=512 seek=2000 conv=sync,fsync status=none",
    );
    const { image } = await done("POST", `/servers/${pc1.id}/actions/create_image`, {});
    const userData = "#!/bin/sh\necho ran for $(hostname) >/root/user-data\n";
    const pc2 = await create({ name: "pc2", image: image.id, user_data: userData });
    await untilUp(pc2);
    expect(
      await ssh.run(pc2.address, "dd if=/dev/sda bs=512 skip=2000 count=1 status=none"),
    ).toContain("from-rescue");
    await expect
      .poll(() => ssh.run(pc2.address, "cat /root/user-data").catch(String), BOOT)
      .toBe("ran for pc2\n");

    // Both are in the network, and reach each other through its gateway only.
    const own = (await send(double, { method: "GET", path: `/servers/${pc2.id}` })).body.server;
    const [{ ip } = { ip: "" }] = own["private_net"] as readonly { readonly ip: string }[];
    expect(await ssh.run(pc1.address, `ping -c 3 -W 5 ${ip}`)).toContain(" ttl=63 ");

    await done("POST", `/servers/${pc2.id}/actions/shutdown`);
    await expect.poll(() => status(pc2), BOOT).toBe("off");
  },
);
