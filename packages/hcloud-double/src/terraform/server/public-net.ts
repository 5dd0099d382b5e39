import { randomInt } from "node:crypto";
import type { Values } from "@vmrig/terraform-plugin";
import type { Api } from "../api/api.ts";
import type { ApiServer } from "../api/reply.ts";
import { blocks } from "./networks.ts";

/**
 * Gives or takes addresses, for which the server must be off. Primary IPs with ids of their own are
 * not handled.
 */
export async function changePublicNet(
  api: Api,
  { id, public_net }: ApiServer,
  { planned, prior }: { readonly planned: Values; readonly prior: Values },
): Promise<void> {
  const [before = {}] = blocks(prior, "public_net");
  const [after] = blocks(planned, "public_net");
  if (after?.["ipv4"] || after?.["ipv6"] || before["ipv4"] || before["ipv6"])
    throw new Error("the stand-in provider does not change public_net with primary IPs");
  await api.act(`/servers/${id}/actions/poweroff`);
  for (const type of ["ipv4", "ipv6"] as const) {
    const [was, is] = [before[`${type}_enabled`] ?? true, after?.[`${type}_enabled`] ?? true];
    const address = public_net[type];
    if (after !== undefined && is !== true && address !== null) {
      await api.act(`/primary_ips/${address.id}/actions/unassign`);
      await api.delete(`/primary_ips/${address.id}`);
    }
    if (after !== undefined && is === true && was !== true)
      await api.act("/primary_ips", {
        name: `primary_ip-${randomInt(1_000_000, 9_999_999)}`,
        type,
        assignee_id: id,
        assignee_type: "server",
        auto_delete: true,
      });
  }
  await api.act(`/servers/${id}/actions/poweron`);
}
