import { KEYS } from "../hcloud-double.test.kit.ts";

export type Attributes = Readonly<Record<string, unknown>>;

const LABELS = { "vmrig-rig": "pcs" };
const SSH = { direction: "in", protocol: "tcp", port: "22", source_ips: ["0.0.0.0/0", "::/0"] };

const SUBNET = "${hcloud_network_subnet.s.id}";

/** Returns a server as vmrig declares it. */
export function server(name: string, ip: string, more: Attributes = {}): Attributes {
  return {
    name,
    server_type: "cx23",
    image: "debian-12",
    location: "fsn1",
    ssh_keys: ["${hcloud_ssh_key.k.id}"],
    user_data: "#cloud-config\n",
    labels: { ...LABELS, "vmrig-machine": name },
    firewall_ids: ["${hcloud_firewall.f.id}"],
    placement_group_id: "${hcloud_placement_group.p.id}",
    public_net: [{ ipv4_enabled: true, ipv6_enabled: false }],
    network: [{ subnet_id: SUBNET, ip, alias_ips: [] }],
    delete_protection: true,
    rebuild_protection: true,
    ...more,
  };
}

/** Returns a copy with its servers. `more` replaces attributes of the other resources. */
export function copy(
  servers: Readonly<Record<string, Attributes>>,
  more: Readonly<Record<string, Attributes>> = {},
): { readonly resource: Readonly<Record<string, object>> } {
  const network_id = "${hcloud_network.n.id}";
  const [public_key] = KEYS;
  return {
    resource: {
      hcloud_ssh_key: { k: { name: "k", public_key, labels: LABELS, ...more["key"] } },
      hcloud_network: {
        n: { name: "n", ip_range: "10.0.0.0/16", labels: LABELS, ...more["network"] },
      },
      hcloud_network_subnet: {
        s: { network_id, type: "cloud", network_zone: "eu-central", ip_range: "10.0.1.0/24" },
      },
      hcloud_firewall: { f: { name: "f", labels: LABELS, rule: [SSH], ...more["firewall"] } },
      hcloud_placement_group: {
        p: { name: "p", type: "spread", labels: LABELS, ...more["group"] },
      },
      ...(Object.keys(servers).length > 0 && { hcloud_server: servers }),
    },
  };
}

/** Addresses of what {@link copy} declares beside the servers. */
export const SURROUNDINGS = [
  "hcloud_firewall.f",
  "hcloud_network.n",
  "hcloud_network_subnet.s",
  "hcloud_placement_group.p",
  "hcloud_ssh_key.k",
] as const;
