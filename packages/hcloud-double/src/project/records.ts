import type { Labels } from "../http/labels.ts";
import type { Iso } from "../catalog/isos.ts";
import type { Location, ServerType } from "../catalog/offers.ts";

export interface Resource {
  /** Only grows; ids are never used again. */
  readonly id: number;
  readonly created: string;
}

/** What actions change. An action holds the resources that it changes until it ends. */
export interface Held {
  /** Ids of the actions that hold it. */
  readonly heldBy: Set<number>;
}

export interface SshKey extends Resource {
  name: string;
  readonly public_key: string;
  readonly fingerprint: string;
  labels: Labels;
}

export interface PlacementGroup extends Resource {
  name: string;
  readonly type: string;
  labels: Labels;
}

/** As the API shows it. */
export interface Image extends Resource {
  type: "system" | "app" | "snapshot" | "backup";
  status: "available" | "creating";
  readonly name: string | null;
  description: string;
  image_size: number | null;
  readonly disk_size: number;
  readonly created_from: { readonly id: number; readonly name: string } | null;
  /** The server of a backup. */
  bound_to: number | null;
  readonly os_flavor: string;
  readonly os_version: string | null;
  readonly architecture: string;
  readonly rapid_deploy: boolean;
  protection: { readonly delete: boolean };
  readonly deprecated: string | null;
  deleted: string | null;
  labels: Labels;
}

export interface Subnet {
  readonly type: string;
  readonly ip_range: string;
  readonly network_zone: string;
  readonly vswitch_id: number | null;
}

export interface NetworkRoute {
  readonly destination: string;
  readonly gateway: string;
}

export interface Network extends Resource, Held {
  name: string;
  ipRange: string;
  subnets: readonly Subnet[];
  routes: readonly NetworkRoute[];
  isProtected: boolean;
  exposeRoutes: boolean;
  labels: Labels;
}

export type IpType = "ipv4" | "ipv6";

export interface PrimaryIp extends Resource, Held {
  name: string;
  readonly type: IpType;
  /** An address, or a block of IPv6 addresses. */
  readonly ip: string;
  readonly location: Location;
  server: number | null;
  autoDelete: boolean;
  isProtected: boolean;
  pointers: readonly { readonly ip: string; readonly dns_ptr: string }[];
  labels: Labels;
}

/** What a firewall is applied to: one server, or all servers that a label selector selects. */
export type FirewallTarget = { readonly server: number } | { readonly selector: string };

export interface FirewallRule {
  readonly direction: "in" | "out";
  readonly protocol: string;
  readonly port: string | null;
  readonly source_ips: readonly string[];
  readonly destination_ips: readonly string[];
  readonly description: string | null;
}

export interface Firewall extends Resource, Held {
  name: string;
  rules: readonly FirewallRule[];
  targets: readonly FirewallTarget[];
  labels: Labels;
}

export interface Attachment {
  readonly network: number;
  readonly ip: string;
  aliases: readonly string[];
  readonly mac: string;
  /** The address is taken, but the server does not show it before the action ends. */
  isPending: boolean;
}

export type ServerStatus =
  | "initializing"
  | "off"
  | "starting"
  | "running"
  | "stopping"
  | "migrating"
  | "rebuilding"
  | "deleting";

export interface Server extends Resource, Held {
  name: string;
  status: ServerStatus;
  type: ServerType;
  image: Image;
  readonly location: Location;
  labels: Labels;
  /** Size of the disk in GB. */
  disk: number;
  protection: { readonly delete: boolean; readonly rebuild: boolean };
  attachments: readonly Attachment[];
  firewalls: readonly { readonly id: number; status: "pending" | "applied" }[];
  placementGroup: number | null;
  backupWindow: string | null;
  userData: string;
  /** Public keys that the image gets at its first boot. */
  readonly authorizedKeys: readonly string[];
  rootPassword: string | null;
  /** Rescue mode that waits for the next boot. */
  rescue: { readonly untilMs: number; readonly authorizedKeys: readonly string[] } | null;
  iso: Iso | null;
  bootedFrom: "disk" | "rescue" | null;
  boots: number;
}
