import type { Values } from "@vmrig/terraform-plugin";
import type { Api } from "../api/api.ts";
import type { ApiImage, ApiPrivateNet, ApiServer } from "../api/reply.ts";
import { labelsInState } from "../attributes.ts";
import { blocks, networkIdOf } from "./networks.ts";
import { textOf } from "../text-of.ts";

export async function findServer(api: Api, id: unknown): Promise<ApiServer | undefined> {
  const found = await api.find(`/servers/${textOf(id)}`);
  // hcloud-go looks for what is no id by name.
  return found?.server ?? (await api.get(`/servers?name=${textOf(id)}`)).servers?.[0];
}

/** Returns what the state holds about a server. */
export function stateOf(server: ApiServer, prior: Values): Values {
  const { ipv4, ipv6, firewalls } = server.public_net;
  const networks = blocks(prior, "network");
  return {
    ...prior,
    id: textOf(server.id),
    name: server.name,
    location: server.location.name,
    status: server.status,
    server_type: server.server_type.name,
    ipv4_address: ipv4?.ip ?? "",
    ipv6_address: ipv6 ? ipv6.ip.replace(/\/\d+$/, "1") : "",
    ipv6_network: ipv6?.ip ?? "<nil>",
    backup_window: server.backup_window ?? "",
    backups: server.backup_window !== null,
    labels: labelsInState(server.labels, prior),
    delete_protection: server.protection.delete,
    rebuild_protection: server.protection.rebuild,
    firewall_ids: firewalls.map(({ id }) => id),
    primary_disk_size: server.primary_disk_size,
    placement_group_id: server.placement_group?.id ?? null,
    image: imageInState(server.image, prior["image"]) ?? prior["image"],
    // Networks of a server that the configuration gives none are not shown.
    network: networks.length > 0 ? server.private_net.map((net) => block(net, networks)) : [],
  };
}

/** An image of the vendor has a name, and is shown by it unless the configuration has the id. */
function imageInState(image: ApiImage | null, configured: unknown): string | undefined {
  if (image === null) return undefined;
  return image.name && textOf(image.id) !== configured ? image.name : textOf(image.id);
}

function block(net: ApiPrivateNet, networks: readonly Values[]): Values {
  const configured = networks.find((each) => networkIdOf(each) === net.network);
  return {
    ip: net.ip,
    mac_address: net.mac_address,
    alias_ips: net.alias_ips,
    network_id: configured ? net.network : 0,
    subnet_id: configured?.["subnet_id"] ?? "",
  };
}
