import { ipv4Range, formatIpv4 } from "../../networks/ipv4-range.ts";
import type { BackendServer } from "../../servers/backend.ts";

/** The server, and what its backend adds. */
export interface MetadataSource {
  readonly server: BackendServer;
  /** Hardware address of the public interface. */
  readonly publicMac: string;
}

/**
 * The documents of the metadata service, by their path. A guest reads them at
 * `http://169.254.169.254`. JSON is YAML, too: a value that is not text is written as JSON.
 */
export function metadataDocuments(source: MetadataSource): ReadonlyMap<string, string> {
  const { server } = source;
  const fields = metadataFields(source);
  const networks = privateNetworks(server);
  const whole = Object.entries({ ...fields, "private-networks": networks })
    .filter(([, value]) => value !== undefined)
    .map(([name, value]) => `${name}: ${JSON.stringify(value)}\n`);
  const single = Object.entries(fields).map(([name, value]): [string, string] => [
    `/hetzner/v1/metadata/${name}`,
    typeof value === "string" ? value : JSON.stringify(value ?? null),
  ]);
  return new Map([
    ...single,
    ["/hetzner/v1/metadata", whole.join("")],
    ["/hetzner/v1/metadata/private-networks", JSON.stringify(networks)],
    ["/hetzner/v1/userdata", server.userData],
  ]);
}

function metadataFields({ server, publicMac }: MetadataSource): Record<string, unknown> {
  return {
    hostname: server.name,
    "instance-id": server.id,
    region: server.location,
    "availability-zone": `${server.location}-dc1`,
    "public-ipv4": server.ipv4,
    "local-ipv4": server.networks[0]?.ip,
    "public-keys": server.authorizedKeys,
    "network-config": networkConfig(publicMac),
    vendor_data: vendorData(server),
  };
}

/** As cloud-init reads it, version 1. Private interfaces are no part of it. */
function networkConfig(mac: string): object {
  const subnets = [{ type: "dhcp", ipv4: true }];
  return {
    version: 1,
    config: [{ type: "physical", name: "eth0", mac_address: mac, subnets }],
  };
}

/** A root password is given only to a server without keys. */
function vendorData({ rootPassword }: BackendServer): string {
  const users = [{ name: "root", password: rootPassword, type: "text" }];
  const config = {
    disable_root: false,
    ssh_pwauth: rootPassword !== null,
    ...(rootPassword !== null && { chpasswd: { expire: true, users } }),
  };
  return `#cloud-config\n${JSON.stringify(config)}\n`;
}

function privateNetworks({ networks }: BackendServer): object[] {
  return networks.map(({ network, ip, aliases, mac }, index) => ({
    ip,
    alias_ips: aliases,
    interface_num: index + 1,
    mac_address: mac,
    network_id: network.id,
    network: network.ipRange,
    gateway: formatIpv4(ipv4Range(network.ipRange).first + 1),
  }));
}
