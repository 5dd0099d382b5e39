import type { Values } from "@vmrig/terraform-plugin";
import type { Api } from "../api/api.ts";
import { hasCode } from "../api/api-error.ts";
import { retrying } from "../api/pause.ts";
import type { ApiServer } from "../api/reply.ts";
import { isSame } from "../plan.ts";
import { parseSubnetId } from "../resources/subnet-id.ts";

/** Returns the nested blocks of a name. */
export function blocks(values: Values, name: string): readonly Values[] {
  return (values[name] ?? []) as readonly Values[];
}

/** Returns the id of a block's network. */
export function networkIdOf({ subnet_id, network_id }: Values): number {
  return subnet_id ? (parseSubnetId(subnet_id)?.network ?? 0) : Number(network_id);
}

export async function attachNetwork(api: Api, server: number, block: Values): Promise<void> {
  const alias_ips = (block["alias_ips"] ?? []) as readonly string[];
  const subnet = block["subnet_id"] ? parseSubnetId(block["subnet_id"]) : undefined;
  const body = {
    network: networkIdOf(block),
    ...(block["ip"] !== "" && { ip: block["ip"] }),
    ...(alias_ips.length > 0 && { alias_ips }),
    ...(subnet && { ip_range: subnet.ipRange }),
  };
  const codes = ["conflict", "locked", "service_error", "no_subnet_available"];
  const isWorthIt = (error: unknown): boolean => hasCode(error, ...codes);
  try {
    const { action } = await retrying({ isWorthIt }, () =>
      api.post(`/servers/${server}/actions/attach_to_network`, body),
    );
    await api.waitFor(action);
  } catch (error) {
    if (!hasCode(error, "server_already_attached")) throw error;
  }
}

async function detachNetwork(api: Api, server: number, network: number): Promise<void> {
  const isWorthIt = (error: unknown): boolean =>
    hasCode(error, "conflict", "locked", "service_error");
  try {
    const { action } = await retrying({ isWorthIt }, () =>
      api.post(`/servers/${server}/actions/detach_from_network`, { network }),
    );
    await api.waitFor(action);
  } catch (error) {
    if (!hasCode(error, "not_found")) throw error;
  }
}

/** Attaches and detaches until the server is in the planned networks, with the planned addresses. */
export async function changeNetworks(api: Api, server: ApiServer, planned: Values): Promise<void> {
  const wanted = new Map(blocks(planned, "network").map((block) => [networkIdOf(block), block]));
  for (const { network, ip, alias_ips } of server.private_net) {
    const block = wanted.get(network);
    wanted.delete(network);
    if (block === undefined) {
      await detachNetwork(api, server.id, network);
    } else if (block["ip"] !== ip) {
      await detachNetwork(api, server.id, network);
      await attachNetwork(api, server.id, block);
    } else if (!isSame([...alias_ips].sort(), block["alias_ips"])) {
      const body = { network, alias_ips: block["alias_ips"] };
      await api.act(`/servers/${server.id}/actions/change_alias_ips`, body);
    }
  }
  for (const block of wanted.values()) await attachNetwork(api, server.id, block);
}
