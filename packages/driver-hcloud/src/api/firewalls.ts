import { z } from "zod";
import type { Action } from "./action/action.ts";
import { startActions } from "./action/start-actions.ts";
import type { Client } from "./call/client.ts";
import { deleteOf } from "./resource/delete.ts";
import type { Kind, OfResource } from "./resource/kind.ts";
import { labelled } from "./resource/labelled.ts";
import { listOf } from "./resource/read.ts";

const schema = z.object({
  ...labelled,
  // The only kind whose labels the specification calls optional.
  labels: labelled.labels.default({}),
  name: z.string(),
  /** A firewall may also be applied by a label selector; then there is no `server`. */
  applied_to: z.array(
    z.object({ type: z.string(), server: z.object({ id: z.number() }).nullish() }),
  ),
});

export type Firewall = z.infer<typeof schema>;

const FIREWALLS: Kind<Firewall> = {
  many: "firewalls",
  one: "firewall",
  title: "firewall",
  schema,
};

export const listFirewalls = listOf(FIREWALLS);

/** Removes a firewall from servers. A firewall that is applied anywhere cannot be deleted. */
export const removeFirewallFrom = (
  client: Client,
  { of, servers, signal }: OfResource & { readonly servers: readonly [number, ...number[]] },
): Promise<readonly Action[]> =>
  startActions(client, {
    kind: FIREWALLS,
    of,
    action: {
      path: "remove_from_resources",
      command: "remove_firewall",
      verb: "detach",
    },
    body: { remove_from: servers.map((id) => ({ type: "server", server: { id } })) },
    signal,
  });

export const deleteFirewall = deleteOf(FIREWALLS);
