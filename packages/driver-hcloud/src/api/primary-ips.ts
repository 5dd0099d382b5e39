import { z } from "zod";
import type { Action } from "./action/action.ts";
import { startActions } from "./action/start-actions.ts";
import type { Client } from "./call/client.ts";
import { deleteOf } from "./resource/delete.ts";
import type { Kind, OfResource } from "./resource/kind.ts";
import { labelled, reference } from "./resource/labelled.ts";
import { listOf } from "./resource/read.ts";

const schema = z.object({
  ...labelled,
  name: z.string(),
  type: z.enum(["ipv4", "ipv6"]),
  ip: z.string(),
  location: reference,
  /** Id of a server; null while it is unassigned, which is billed, too. */
  assignee_id: z.number().nullable(),
  /** Whether it is deleted with its server. */
  auto_delete: z.boolean(),
  protection: z.object({ delete: z.boolean() }),
});

export type PrimaryIp = z.infer<typeof schema>;

const PRIMARY_IPS: Kind<PrimaryIp> = {
  many: "primary_ips",
  one: "primary_ip",
  title: "primary IP",
  schema,
};

export const listPrimaryIps = listOf(PRIMARY_IPS);

/** Takes an address from its server, which must be off. */
export const unassignPrimaryIp = (
  client: Client,
  options: OfResource,
): Promise<readonly Action[]> =>
  startActions(client, {
    kind: PRIMARY_IPS,
    action: { path: "unassign", command: "unassign_primary_ip", verb: "unassign" },
    ...options,
  });

/** Deletes an address, which must be unassigned. */
export const deletePrimaryIp = deleteOf(PRIMARY_IPS);
