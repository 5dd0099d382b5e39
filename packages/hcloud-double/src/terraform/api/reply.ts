/**
 * The fields that the provider reads. It trusts them, because it only runs on the double, and zod
 * would add to the start of each Terraform command.
 */
export interface Reply {
  readonly action?: Action | null;
  readonly actions?: readonly Action[];
  readonly next_actions?: readonly Action[];
  readonly server?: ApiServer;
  readonly servers?: readonly ApiServer[];
  readonly network?: ApiNetwork;
  readonly networks?: readonly ApiNetwork[];
  readonly firewall?: ApiFirewall;
  readonly placement_group?: ApiPlacementGroup;
  readonly ssh_key?: ApiSshKey;
  readonly ssh_keys?: readonly ApiSshKey[];
  readonly image?: ApiImage;
  readonly images?: readonly ApiImage[];
  readonly server_type?: ApiServerType;
  readonly server_types?: readonly ApiServerType[];
}

export interface Action {
  readonly id: number;
  readonly status: "running" | "success" | "error";
  readonly error: { readonly code: string; readonly message: string } | null;
}

type Labels = Readonly<Record<string, string>>;

interface Resource {
  readonly id: number;
  readonly name: string;
  readonly labels: Labels;
}

export interface ApiSshKey extends Resource {
  readonly public_key: string;
  readonly fingerprint: string;
}

export interface ApiPlacementGroup extends Resource {
  readonly type: string;
  readonly servers: readonly number[];
}

export interface ApiSubnet {
  readonly type: string;
  readonly ip_range: string;
  readonly network_zone: string;
  readonly vswitch_id: number | null;
  readonly gateway: string;
}

export interface ApiNetwork extends Resource {
  readonly ip_range: string;
  readonly subnets: readonly ApiSubnet[];
  readonly protection: { readonly delete: boolean };
  readonly expose_routes_to_vswitch: boolean;
}

export interface ApiTarget {
  readonly type: string;
  readonly server?: { readonly id: number };
  readonly label_selector?: { readonly selector: string };
  readonly applied_to_resources?: readonly object[];
}

export interface ApiRule {
  readonly direction: string;
  readonly protocol: string;
  readonly port: string | null;
  readonly description: string | null;
  readonly source_ips: readonly string[];
  readonly destination_ips: readonly string[];
}

export interface ApiFirewall extends Resource {
  readonly rules: readonly ApiRule[];
  readonly applied_to: readonly ApiTarget[];
}

export interface ApiServerType {
  readonly name: string;
  readonly architecture: string;
}

export interface ApiImage {
  readonly id: number;
  readonly name: string | null;
  readonly type: string;
  readonly description: string;
  readonly labels: Labels;
  readonly created: string;
  readonly os_flavor: string;
  readonly os_version: string | null;
  readonly architecture: string;
  readonly rapid_deploy: boolean;
  readonly deprecated: string | null;
}

export interface ApiPrivateNet {
  readonly network: number;
  readonly ip: string;
  readonly alias_ips: readonly string[];
  readonly mac_address: string;
}

export interface ApiServer extends Resource {
  readonly status: string;
  readonly public_net: {
    readonly ipv4: { readonly id: number; readonly ip: string } | null;
    readonly ipv6: { readonly id: number; readonly ip: string } | null;
    readonly firewalls: readonly { readonly id: number }[];
  };
  readonly private_net: readonly ApiPrivateNet[];
  readonly server_type: ApiServerType;
  readonly location: { readonly name: string };
  readonly image: ApiImage | null;
  readonly backup_window: string | null;
  readonly protection: { readonly delete: boolean; readonly rebuild: boolean };
  readonly placement_group: { readonly id: number } | null;
  readonly primary_disk_size: number;
}
