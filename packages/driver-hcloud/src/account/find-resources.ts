import type { CopySpec, FoundResource } from "vmrig/driver";
import type { Client } from "../api/call/client.ts";
import type { Labels } from "../api/call/label-selector.ts";
import { listFirewalls } from "../api/firewalls.ts";
import { listNetworks } from "../api/networks.ts";
import { listPlacementGroups } from "../api/placement-groups.ts";
import { listSshKeys } from "../api/ssh-keys.ts";
import { copyLabels, MACHINE, OWNER } from "../labels.ts";
import { copyServers } from "../server/copy-servers.ts";
import { settledServer } from "../server/running-server.ts";
import { FIREWALL, GROUP, KEY, NETWORK, SUBNET } from "../stack/declare-copy.ts";

/**
 * Lists what exists under the labels of a copy, what Terraform would import. Servers come last,
 * because they need the others. Waits for actions that a killed run started.
 */
export async function findResources(
  client: Client,
  copy: CopySpec,
  signal: AbortSignal,
): Promise<readonly FoundResource[]> {
  const labels = copyLabels(copy);
  const [keys, networks, firewalls, groups, servers] = await Promise.all([
    listSshKeys(client, { labels, signal }),
    listNetworks(client, { labels, signal }),
    listFirewalls(client, { labels, signal }),
    listPlacementGroups(client, { labels, signal }),
    copyServers(client, copy, signal),
  ]);
  // An import of a server that is still created would miss its network.
  const settled = await Promise.all(
    servers
      .filter(({ status }) => status !== "deleting")
      .map((server) => settledServer(client, server, signal)),
  );
  return [
    ...keys.map((key) => found(`hcloud_ssh_key.${KEY}`, "SSH key", key)),
    ...networks.map((network) => found(`hcloud_network.${NETWORK}`, "network", network)),
    // A subnet has no labels.
    ...networks.flatMap((network) =>
      network.subnets.flatMap(({ ip_range }) =>
        ip_range === undefined
          ? []
          : [
              {
                ...found(`hcloud_network_subnet.${SUBNET}`, "subnet of network", network),
                id: `${network.id}-${ip_range}`,
              },
            ],
      ),
    ),
    ...firewalls.map((firewall) => found(`hcloud_firewall.${FIREWALL}`, "firewall", firewall)),
    ...groups.map((group) => found(`hcloud_placement_group.${GROUP}`, "placement group", group)),
    ...settled.map((server) =>
      found(`hcloud_server.${server.labels[MACHINE] ?? server.name}`, "server", server),
    ),
  ];
}

interface Labelled {
  readonly id: number;
  readonly name: string;
  readonly labels: Labels;
}

function found(address: string, what: string, { id, name, labels }: Labelled): FoundResource {
  return { address, id: `${id}`, owner: labels[OWNER], location: `${what} ${id} "${name}"` };
}
