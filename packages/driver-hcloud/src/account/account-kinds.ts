import type { AccountResource, Price } from "vmrig/driver";
import type { Client } from "../api/call/client.ts";
import type { Action } from "../api/action/action.ts";
import { deleteFirewall, listFirewalls } from "../api/firewalls.ts";
import { deleteImage } from "../api/images.ts";
import { deleteNetwork, listNetworks } from "../api/networks.ts";
import { deletePlacementGroup, listPlacementGroups } from "../api/placement-groups.ts";
import { deletePrimaryIp, listPrimaryIps } from "../api/primary-ips.ts";
import { listServers, type Server } from "../api/servers.ts";
import type { OfResource } from "../api/resource/kind.ts";
import { deleteSshKey, listSshKeys } from "../api/ssh-keys.ts";
import { belongingOf, type Labelled } from "./belonging.ts";
import { listUnneededImages } from "./unneeded-images.ts";
import { addPrices, type PriceList } from "./prices.ts";

/** A resource of the account, and what a removal has to know. */
export interface AccountEntry {
  readonly resource: AccountResource;
  /** Servers that use it, for people. */
  readonly usedBy: readonly string[];
  /** Only of a server. */
  readonly server?: Server;
}

export interface ListKindOptions {
  readonly signal: AbortSignal;
  /** Missing when the price does not matter. */
  readonly prices?: PriceList;
}

/** A kind of resource that a sweep of the account finds. */
export interface AccountKind {
  readonly type: string;
  list(client: Client, options: ListKindOptions): Promise<readonly AccountEntry[]>;
  /** Missing for servers, whose removal takes several calls. */
  readonly remove?: (client: Client, options: OfResource) => Promise<readonly Action[]>;
}

/** All kinds, in the order in which their resources can be removed. */
export const ACCOUNT_KINDS: readonly AccountKind[] = [
  {
    type: "hcloud_server",
    async list(client, { signal, prices }) {
      const all = await listServers(client, { signal });
      return all
        .filter(({ status }) => status !== "deleting")
        .flatMap((server) => {
          const { server_type, location, public_net } = server;
          const where = `${server_type.name} in ${location.name}`;
          const address = public_net.ipv4 === null ? "" : " with an IPv4 address";
          const what = `server ${server.id} "${server.name}", ${where}${address}`;
          const monthly = prices && priceOf(server, prices);
          return entries(client, { type: "hcloud_server", one: server, what, monthly }).map(
            (entry) => ({ ...entry, server }),
          );
        });
    },
  },
  {
    type: "hcloud_primary_ip",
    async list(client, { signal, prices }) {
      const all = await listPrimaryIps(client, { signal });
      return all.flatMap((one) => {
        const { id, name, ip, assignee_id } = one;
        const unused = assignee_id === null;
        return entries(client, {
          type: "hcloud_primary_ip",
          one,
          what: `primary IP ${id} "${name}" (${ip})`,
          monthly: prices?.address(one.type, one.location.name)?.monthly,
          usedBy: unused ? [] : [`server ${assignee_id}`],
          ...(unused && { unlabelled: "it is assigned to no server, and is billed nevertheless" }),
        });
      });
    },
    remove: deletePrimaryIp,
  },
  {
    type: "hcloud_firewall",
    async list(client, { signal }) {
      const all = await listFirewalls(client, { signal });
      return all.flatMap((one) => {
        const usedBy = one.applied_to.map(({ server }) =>
          server ? `server ${server.id}` : "a label selector",
        );
        return entries(client, { ...named("hcloud_firewall", "firewall", one), usedBy });
      });
    },
    remove: deleteFirewall,
  },
  {
    type: "hcloud_network",
    async list(client, { signal }) {
      const all = await listNetworks(client, { signal });
      return all.flatMap((one) => {
        const usedBy = one.servers.map((id) => `server ${id}`);
        return entries(client, { ...named("hcloud_network", "network", one), usedBy });
      });
    },
    remove: deleteNetwork,
  },
  {
    type: "hcloud_placement_group",
    async list(client, { signal }) {
      const all = await listPlacementGroups(client, { signal });
      return all.flatMap((one) => {
        const usedBy = one.servers.map((id) => `server ${id}`);
        const group = named("hcloud_placement_group", "placement group", one);
        return entries(client, { ...group, usedBy });
      });
    },
    remove: deletePlacementGroup,
  },
  {
    type: "hcloud_ssh_key",
    async list(client, { signal }) {
      const all = await listSshKeys(client, { signal });
      return all.flatMap((one) => entries(client, named("hcloud_ssh_key", "SSH key", one)));
    },
    remove: deleteSshKey,
  },
  {
    type: "hcloud_image",
    async list(client, { signal, prices }) {
      const unneeded = await listUnneededImages(client, { signal, prices });
      return unneeded.map((resource) => ({ resource, usedBy: [] }));
    },
    remove: deleteImage,
  },
];

interface Found extends Labelled {
  readonly id: number;
}

interface EntryOptions {
  readonly type: string;
  readonly one: Found;
  readonly what: string;
  readonly monthly?: Price | undefined;
  readonly usedBy?: readonly string[];
  /** Why it is shown although it has no label of vmrig. */
  readonly unlabelled?: string;
}

/** Returns one entry, or none for what is not vmrig's. */
function entries(
  client: Client,
  { type, one, what, monthly, usedBy = [], unlabelled }: EntryOptions,
): readonly AccountEntry[] {
  const belongs =
    belongingOf(one, client.serverTime()) ??
    (unlabelled !== undefined && Object.keys(one.labels).every((key) => !isOwn(key))
      ? { to: "others" as const, why: unlabelled }
      : undefined);
  if (belongs === undefined) return [];
  const resource: AccountResource = {
    type,
    id: `${one.id}`,
    location: what,
    belongs,
    createdAt: Date.parse(one.created),
    ...(monthly !== undefined && monthly.gross > 0 && { monthly }),
  };
  return [{ resource, usedBy }];
}

const isOwn = (label: string): boolean => label.startsWith("vmrig-");

function named(
  type: string,
  title: string,
  one: Found & { readonly name: string },
): Pick<EntryOptions, "type" | "one" | "what"> {
  return { type, one, what: `${title} ${one.id} "${one.name}"` };
}

function priceOf(server: Server, prices: PriceList): Price | undefined {
  const { public_net, location } = server;
  const own = prices.server(server)?.monthly;
  if (own === undefined || public_net.ipv4 === null) return own;
  return addPrices(own, prices.address("ipv4", location.name)?.monthly);
}
