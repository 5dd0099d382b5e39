import { spawn } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { expect, onTestFinished, test } from "vitest";
import type { BackendServer } from "../../servers/backend.ts";
import { startMetadataService } from "./metadata-service.ts";

const KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIKZY06yTtKdgdViHqPet8FvSw5SrHyPJD8l9E0ODzcs/ one";

const SERVER: BackendServer = {
  id: 1001,
  name: "pc1",
  image: 103,
  diskGb: 40,
  location: "fsn1",
  userData: "#cloud-config\nhostname: pc1\n",
  authorizedKeys: [KEY],
  rootPassword: null,
  ipv4: "127.9.1.1",
  networks: [
    {
      network: { id: 1002, ipRange: "10.0.0.0/16", routes: [] },
      ip: "10.0.0.2",
      aliases: ["10.0.0.9"],
      mac: "86:00:00:00:0f:a4",
    },
  ],
};

/** Asks as a guest does: QEMU starts the command for its connection. */
async function ask(path: string, server: BackendServer = SERVER): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "hcloud-double-test-"));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  await using service = await startMetadataService(join(folder, "it's a socket"), () => ({
    server,
    publicMac: "96:00:00:00:03:e9",
  }));
  const child = spawn("sh", ["-c", service.command], { stdio: ["pipe", "pipe", "inherit"] });
  child.stdin.write(`GET ${path} HTTP/1.0\r\nHost: 169.254.169.254\r\n\r\n`);
  return await text(child.stdout);
}

/** The lines of a reply's body, parsed. Each is `name: JSON`. */
function fields(reply: string): Record<string, unknown> {
  const lines = (reply.split("\r\n\r\n")[1] ?? "").split("\n").filter(Boolean);
  return Object.fromEntries(
    lines.map((line) => {
      const [name = ""] = line.split(": ", 1);
      return [name, JSON.parse(line.slice(name.length + 2))];
    }),
  );
}

test("a guest reads what cloud-init needs", async () => {
  const reply = await ask("/hetzner/v1/metadata");
  expect(reply).toMatch(/^HTTP\/1\.1 200 OK\r\n/);
  expect(fields(reply)).toMatchObject({
    hostname: "pc1",
    "instance-id": 1001,
    "public-keys": [KEY],
    "public-ipv4": "127.9.1.1",
    "local-ipv4": "10.0.0.2",
    "network-config": {
      version: 1,
      config: [{ name: "eth0", mac_address: "96:00:00:00:03:e9" }],
    },
    "private-networks": [{ ip: "10.0.0.2", gateway: "10.0.0.1", alias_ips: ["10.0.0.9"] }],
  });
});

test("user data is byte for byte what was sent", async () => {
  expect((await ask("/hetzner/v1/userdata")).split("\r\n\r\n")[1]).toBe(SERVER.userData);
});

test("each field has a path", async () => {
  expect(await ask("/hetzner/v1/metadata/instance-id")).toMatch(/\r\n\r\n1001$/);
  expect(await ask("/hetzner/v1/metadata/hostname")).toMatch(/\r\n\r\npc1$/);
  expect(await ask("/hetzner/v1/other")).toMatch(/^HTTP\/1\.1 404 /);
});

test("only a server without keys gets the root password", async () => {
  const vendorData = (reply: string) => fields(reply)["vendor_data"];
  expect(vendorData(await ask("/hetzner/v1/metadata"))).not.toContain("chpasswd");
  const server = { ...SERVER, authorizedKeys: [], rootPassword: "secret" };
  expect(vendorData(await ask("/hetzner/v1/metadata", server))).toContain('"password":"secret"');
});
