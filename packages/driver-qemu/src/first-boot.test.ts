import { readdir, readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { generateKeyPair } from "vmrig/driver";
import { firstBootCredentials, writeCredentials } from "./first-boot.ts";
import { tempFolder } from "./temp-folder.test.kit.ts";

const keys = generateKeyPair();
const boot = {
  hostKey: keys.privateKey,
  hostPublicKey: keys.publicKey,
  hostname: "pc1",
  lanMac: "52:54:00:76:01:10",
  lanAddress: "10.77.0.11/24",
};

test("a machine gets its host key, by tmpfiles.d(5), with the right modes", () => {
  const lines = firstBootCredentials(boot).get("tmpfiles.extra")?.split("\n") ?? [];
  const files = lines.filter((line) => line !== "").map((line) => line.split(" "));
  expect(files.map((fields) => fields.slice(0, -1))).toEqual([
    ["f+~", "/etc/ssh/ssh_host_ed25519_key", "0600", "root", "root", "-"],
    ["f+~", "/etc/ssh/ssh_host_ed25519_key.pub", "0644", "root", "root", "-"],
  ]);
  expect(files.map((fields) => Buffer.from(fields.at(-1) ?? "", "base64").toString())).toEqual([
    keys.privateKey,
    `${keys.publicKey}\n`,
  ]);
});

test("a machine gets its address on the card of the rig's network only, by systemd.network(5)", () => {
  expect(firstBootCredentials(boot).get("network.network.20-lan")).toBe(
    "[Match]\nMACAddress=52:54:00:76:01:10\n[Network]\nAddress=10.77.0.11/24\nLinkLocalAddressing=no\nIPv6AcceptRA=no\n",
  );
});

test("a machine gets its name and no other credential", () => {
  const credentials = firstBootCredentials(boot);
  expect(credentials.get("system.hostname")).toBe("pc1");
  expect([...credentials.keys()]).toEqual([
    "tmpfiles.extra",
    "network.network.20-lan",
    "system.hostname",
  ]);
});

test("credentials are private files in the format of systemd's SMBIOS strings", async () => {
  const folder = join(await tempFolder(), "credentials");
  const credentials = firstBootCredentials(boot);
  await writeCredentials(folder, credentials);
  expect((await stat(folder)).mode & 0o777).toBe(0o700);
  expect((await readdir(folder)).toSorted()).toEqual([...credentials.keys()].toSorted());
  for (const path of [...credentials.keys()].map((name) => join(folder, name))) {
    expect((await stat(path)).mode & 0o777).toBe(0o600);
    const [, name = "", value = ""] =
      /^io\.systemd\.credential\.binary:([^=]+)=([A-Za-z0-9+/=]+)$/.exec(
        await readFile(path, "utf8"),
      ) ?? [];
    expect(Buffer.from(value, "base64").toString()).toBe(credentials.get(name));
  }
});
