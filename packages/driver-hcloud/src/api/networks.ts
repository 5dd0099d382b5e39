import { z } from "zod";
import { deleteOf } from "./resource/delete.ts";
import type { Kind } from "./resource/kind.ts";
import { labelled } from "./resource/labelled.ts";
import { protectOf } from "./resource/protect.ts";
import { listOf } from "./resource/read.ts";

const schema = z.object({
  ...labelled,
  name: z.string(),
  ip_range: z.string(),
  subnets: z.array(z.object({ ip_range: z.string().optional(), network_zone: z.string() })),
  /** Ids of the servers that are attached. */
  servers: z.array(z.number()),
  protection: z.object({ delete: z.boolean() }),
});

export type Network = z.infer<typeof schema>;

const NETWORKS: Kind<Network> = { many: "networks", one: "network", title: "network", schema };

export const listNetworks = listOf(NETWORKS);

/**
 * Deletes a network. The API detaches servers that are still in it and says nothing, so compare
 * {@link Network.servers} first.
 */
export const deleteNetwork = deleteOf(NETWORKS);

export const protectNetwork = protectOf(NETWORKS);
