import { randomBytes } from "node:crypto";
import type { Action } from "../actions/action.ts";
import { showPlacementGroup } from "../placement-groups/placement-group.ts";
import type { Project } from "../project/project.ts";
import type { Server } from "../project/records.ts";
import type { BackendServer, PrivateInterface } from "./backend.ts";
import { waitingRescue } from "./boot.ts";

const TRAFFIC_BYTES = 20e12;

export function newPassword(): string {
  return randomBytes(15).toString("base64url");
}

export function serverResources({ id }: Server): Action["resources"] {
  return [{ id, type: "server" }];
}

export function toBackendServer(project: Project, server: Server): BackendServer {
  return {
    id: server.id,
    name: server.name,
    image: server.image.id,
    diskGb: server.disk,
    location: server.location.name,
    userData: server.userData,
    authorizedKeys: server.authorizedKeys,
    rootPassword: server.rootPassword,
    ipv4: project.primaryIpOf(server, "ipv4")?.ip,
    networks: privateInterfaces(project, server),
  };
}

function privateInterfaces(project: Project, { attachments }: Server): PrivateInterface[] {
  return attachments.flatMap(({ network: id, ip, aliases, mac }) => {
    const network = project.networks.byId(id);
    if (network === undefined) return [];
    const { ipRange, routes } = network;
    return [{ network: { id, ipRange, routes }, ip, aliases, mac }];
  });
}

/** Tells the backend that the networks of servers have changed. */
export async function changeNetworks(project: Project, servers: readonly Server[]): Promise<void> {
  for (const server of servers)
    await project.backend.changeNetworks(toBackendServer(project, server));
}

export function showServer(project: Project, server: Server): object {
  const group = project.placementGroups.byId(server.placementGroup);
  return {
    id: server.id,
    name: server.name,
    status: server.status,
    created: server.created,
    public_net: showPublicNet(project, server),
    private_net: server.attachments
      .filter(({ isPending }) => !isPending)
      .map(({ network, ip, aliases, mac }) => ({
        network,
        ip,
        alias_ips: aliases,
        mac_address: mac,
      })),
    server_type: server.type,
    location: server.location,
    image: server.image,
    iso: server.iso,
    rescue_enabled: waitingRescue(project, server) !== undefined,
    locked: server.heldBy.size > 0,
    backup_window: server.backupWindow,
    outgoing_traffic: 0,
    ingoing_traffic: 0,
    included_traffic: TRAFFIC_BYTES,
    protection: server.protection,
    labels: server.labels,
    volumes: [],
    load_balancers: [],
    primary_disk_size: server.disk,
    placement_group: group ? showPlacementGroup(project, group) : null,
  };
}

function showPublicNet(project: Project, server: Server): object {
  const ipv4 = project.primaryIpOf(server, "ipv4");
  const ipv6 = project.primaryIpOf(server, "ipv6");
  return {
    ipv4: ipv4
      ? { id: ipv4.id, ip: ipv4.ip, blocked: false, dns_ptr: ipv4.pointers[0]?.dns_ptr }
      : null,
    ipv6: ipv6 ? { id: ipv6.id, ip: ipv6.ip, blocked: false, dns_ptr: ipv6.pointers } : null,
    floating_ips: [],
    firewalls: server.firewalls,
  };
}
