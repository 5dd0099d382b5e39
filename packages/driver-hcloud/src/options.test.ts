import { expect, test } from "vitest";
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
  });
});

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
])("%s is refused", (_, change, message) => {
  expect(() => checkSettings({ ...VALID, ...change })).toThrow(message);
});
