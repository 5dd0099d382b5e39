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
