import { readFile } from "node:fs/promises";
import { expect, test } from "vitest";
import { CallLog, grouped } from "./calls.test.kit.ts";
import { copy, server, type Attributes } from "./configuration.test.kit.ts";
import { startEngine } from "./engine.test.kit.ts";

const one = (more: Attributes = {}): Record<string, Attributes> => ({
  one: server("one", "10.0.1.5", more),
});
const OPEN = { delete_protection: false, rebuild_protection: false };
const NETWORK_ID = "${hcloud_network.n.id}";
const LARGE = { server_type: "cx43", keep_disk: true };
const RULE = { direction: "in", protocol: "tcp", port: "2222", source_ips: ["10.0.0.0/8"] };
const CHANGED = { name: "other", labels: { changed: "1" } };

/** Servers with few attributes and with rare ones. */
const OTHERS: Readonly<Record<string, Attributes>> = {
  few: { name: "few", server_type: "cx23", image: "101", ssh_keys: ["k"], location: "fsn1" },
  private: {
    name: "private",
    server_type: "cx23",
    image: "debian-12",
    location: "fsn1",
    backups: true,
    shutdown_before_deletion: true,
    public_net: [{ ipv4_enabled: false, ipv6_enabled: false }],
    network: [{ network_id: NETWORK_ID, ip: "10.0.1.20", alias_ips: ["10.0.1.21"] }],
    depends_on: ["hcloud_network_subnet.s", "hcloud_ssh_key.k"],
  },
};

function withSelector(label_selector: string): Record<string, Attributes> {
  return { firewall: { apply_to: [{ label_selector }] }, network: { delete_protection: true } };
}

/** What is applied one after the other, to one state. */
const STEPS: readonly (readonly [title: string, configuration: object])[] = [
  ["create", copy({ ...one(), two: server("two", "10.0.1.6") })],
  ["nothing to do", copy({ ...one(), two: server("two", "10.0.1.6") })],
  ["a protected server is not deleted", copy(one())],
  ["lift the protection", copy({ ...one(), two: server("two", "10.0.1.6", OPEN) })],
  ["delete one of two", copy(one())],
  ["change the labels of a server", copy(one({ labels: { changed: "1" } }))],
  [
    "change names and labels",
    copy(one(), {
      key: CHANGED,
      network: CHANGED,
      firewall: { ...CHANGED, rule: [RULE] },
      group: CHANGED,
    }),
  ],
  ["change the name and the type of a server", copy(one({ name: "uno", server_type: "cx33" }))],
  ["keep the disk", copy(one({ server_type: "cx43", keep_disk: true }))],
  ["take the network", copy(one({ ...LARGE, network: [] }))],
  [
    "attach by network",
    copy(one({ ...LARGE, network: [{ network_id: NETWORK_ID, ip: "10.0.1.9" }] })),
  ],
  ["move in the network", copy(one(LARGE))],
  ["give an IPv6 address", copy(one({ ...LARGE, public_net: [{ ipv6_enabled: true }] }))],
  ["take the IPv6 address", copy(one(LARGE))],
  ["take the firewall", copy(one({ ...LARGE, firewall_ids: [] }))],
  ["give the firewall", copy(one(LARGE))],
  ["enable backups", copy(one({ ...LARGE, backups: true }))],
  ["create other servers", copy({ ...one(LARGE), ...OTHERS }, withSelector("vmrig-rig"))],
  ["change a selector", copy({ ...one(LARGE), ...OTHERS }, withSelector("vmrig-machine"))],
  ["delete other servers", copy(one(LARGE), { firewall: { apply_to: [] } })],
  ["lift all protection", copy(one({ ...LARGE, ...OPEN }))],
  ["destroy", {}],
];

test("sends what the real provider 1.68.0 was recorded to send, from create to destroy", async () => {
  const engine = await startEngine();
  const log = new CallLog(engine.double);
  const file = new URL("fixtures/real-provider-calls.json", import.meta.url);
  const recorded = JSON.parse(await readFile(file, "utf8")) as Record<string, string[]>;
  for (const [title, configuration] of STEPS) {
    await engine.write(configuration);
    await engine.run(["apply", "-auto-approve"]);
    expect.soft(grouped(log.take()), title).toEqual(grouped(recorded[title] ?? []));
  }
  expect(engine.double.project.servers.all).toEqual([]);
});
