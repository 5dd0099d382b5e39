import { ID, LABELS, NAME, OUTPUT, SWITCH } from "../attributes.ts";
import type { KindSchema } from "../kind.ts";

const TEXT = { type: "string", optional: true } as const;
const NUMBER = { type: "number", optional: true } as const;

export const SERVER_SCHEMA: KindSchema = {
  attributes: {
    id: ID,
    name: NAME,
    server_type: { type: "string", required: true },
    image: { ...TEXT, computed: true, replaces: true },
    location: { ...TEXT, computed: true, replaces: true },
    datacenter: { ...TEXT, computed: true, deprecated: true },
    user_data: { ...TEXT, replaces: true },
    ssh_keys: { type: ["list", "string"], optional: true, replaces: true },
    keep_disk: SWITCH,
    allow_deprecated_images: { type: "bool", optional: true, deprecated: true },
    backup_window: { ...OUTPUT, deprecated: true },
    backups: SWITCH,
    ipv4_address: OUTPUT,
    ipv6_address: OUTPUT,
    ipv6_network: OUTPUT,
    status: OUTPUT,
    iso: TEXT,
    rescue: TEXT,
    labels: LABELS,
    ignore_remote_firewall_ids: SWITCH,
    firewall_ids: { type: ["set", "number"], optional: true, computed: true },
    placement_group_id: NUMBER,
    delete_protection: SWITCH,
    rebuild_protection: SWITCH,
    shutdown_before_deletion: SWITCH,
    primary_disk_size: { type: "number", computed: true },
  },
  blocks: {
    public_net: {
      nesting: "set",
      attributes: {
        ipv4_enabled: { type: "bool", optional: true, default: true },
        ipv6_enabled: { type: "bool", optional: true, default: true },
        ipv4: { ...NUMBER, computed: true },
        ipv6: { ...NUMBER, computed: true },
      },
    },
    network: {
      nesting: "set",
      attributes: {
        network_id: { ...NUMBER, computed: true },
        subnet_id: { ...TEXT, computed: true },
        ip: { ...TEXT, computed: true },
        alias_ips: { type: ["set", "string"], optional: true, computed: true },
        mac_address: OUTPUT,
      },
    },
    timeouts: { nesting: "single", attributes: { create: TEXT } },
  },
};
