import { expect, test } from "vitest";
import { hcloud } from "./driver.ts";
import { checkSettings, type HcloudOptions } from "./options.ts";

const VALID: HcloudOptions = {
  locations: ["fsn1"],
  serverTypes: ["cx23"],
  firewall: { ssh: ["203.0.113.0/24", "2001:db8::/32"] },
};
const NETWORKS = [
  "0.0.0.0/0",
  "203.0.113.7/32",
  "::/0",
  "2001:db8:0:8000::/49",
  "::ffff:1.2.0.0/112",
];

test("options have defaults", () => {
  expect(checkSettings(VALID)).toEqual({
    locations: ["fsn1"],
    serverTypes: ["cx23"],
    image: "debian-13",
    ssh: ["203.0.113.0/24", "2001:db8::/32"],
    range: "10.77.0.0/16",
  });
});

test.each(["10.0.0.0/8", "10.1.2.0/24", "172.31.0.0/16", "192.168.5.0/24"])(
  "%s is a private network, from which the machines get their addresses",
  (range) => {
    expect(checkSettings({ ...VALID, network: { range } }).range).toBe(range);
    const start = range.split(".").slice(0, 3).join(".");
    expect(hcloud({ ...VALID, network: { range } }).lanPrefix).toBe(start);
  },
);

test.each(NETWORKS)("%s is a network", (network) => {
  expect(checkSettings({ ...VALID, firewall: { ssh: [network] } }).ssh).toEqual([network]);
});

test.each<[string, object, string]>([
  ["an unknown option", { region: "fsn1" }, '"region"'],
  ["no locations", { locations: [] }, "`locations` is empty"],
  ["one location as a text", { locations: "fsn1" }, "`locations` is not a list of texts"],
  ["a type that is no name", { serverTypes: ["cx 23"] }, '"cx 23", which is no name'],
  ["a missing list", { serverTypes: undefined }, "`serverTypes` is not a list of texts"],
  ["an image that is no name", { image: "a/b" }, "not the name of an image"],
  ["no firewall", { firewall: undefined }, "`firewall.ssh` is not a list"],
  ["a firewall that lets nothing in", { firewall: { ssh: [] } }, "names no network"],
  ["an address without its bits", { firewall: { ssh: ["203.0.113.7"] } }, "which is no network"],
  [
    "an address with the bits of a network",
    { firewall: { ssh: ["203.0.113.7/24"] } },
    "no network",
  ],
  ["an IPv6 address with them", { firewall: { ssh: ["2001:db8::7/64"] } }, "no network"],
  ["an address of one link", { firewall: { ssh: ["fe80::1%eth0/128"] } }, "which is no network"],
  ["too many bits", { firewall: { ssh: ["203.0.113.7/33"] } }, "which is no network"],
  ["an option of the firewall", { firewall: { ssh: ["::/0"], ports: [80] } }, '"ports"'],
  ["a public network", { network: { range: "203.0.113.0/24" } }, "no private network"],
  ["a network around a private one", { network: { range: "172.0.0.0/8" } }, "no private network"],
  ["a network without room", { network: { range: "10.0.0.0/25" } }, "256 addresses"],
  ["a network with host bits", { network: { range: "10.77.0.1/16" } }, "no private network"],
  ["a private network of IPv6", { network: { range: "fd00::/16" } }, "no private network"],
  ["a range that is no text", { network: { range: 10 } }, "no private network"],
  ["an option of the network", { network: { zone: "eu" } }, '"zone"'],
])("%s is refused", (_, change, message) => {
  expect(() => checkSettings({ ...VALID, ...change })).toThrow(message);
});
