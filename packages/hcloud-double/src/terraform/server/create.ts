import type { Values } from "@vmrig/terraform-plugin";
import type { Api } from "../api/api.ts";
import type { ApiServer } from "../api/reply.ts";
import { labelsField } from "../attributes.ts";
import type { Create } from "../kind.ts";
import { attachNetwork, blocks } from "./networks.ts";
import { findServer, stateOf } from "./state.ts";
import { textOf } from "../text-of.ts";

export async function createServer(api: Api, { planned, config, exists }: Create): Promise<Values> {
  // 1. Look up what the configuration may name.
  const body = await requestBody(api, { planned, config });
  // 2. Create it, and wait for its actions one after the other.
  const { server, action, next_actions = [] } = await api.post("/servers", body);
  if (server === undefined) throw new Error("the reply contains no server");
  exists({ ...planned, id: textOf(server.id) });
  await api.waitFor(action);
  for (const next of next_actions) await api.waitFor(next);
  // 3. Complete it. Only then does Terraform get the state.
  const path = `/servers/${server.id}/actions`;
  for (const block of blocks(planned, "network")) await attach(api, server, block);
  if (body.start_after_create === false) await api.act(`${path}/poweron`);
  if (planned["backups"]) await api.act(`${path}/enable_backup`);
  if (planned["delete_protection"] || planned["rebuild_protection"])
    await protect(api, server.id, planned);
  const complete = await findServer(api, server.id);
  return stateOf(complete ?? server, planned);
}

async function attach(api: Api, { id }: ApiServer, block: Values): Promise<void> {
  try {
    await attachNetwork(api, id, block);
  } catch (cause) {
    const { message } = cause as Error;
    throw new Error(`hcloud/inlineAttachServerToNetwork: attach server to network: ${message}`, {
      cause,
    });
  }
}

export async function protect(api: Api, id: number, planned: Values): Promise<void> {
  const { delete_protection, rebuild_protection } = planned;
  const body = { rebuild: rebuild_protection, delete: delete_protection };
  await api.act(`/servers/${id}/actions/change_protection`, body);
}

interface Body extends Values {
  readonly start_after_create?: false;
}

async function requestBody(
  api: Api,
  { planned, config }: Pick<Create, "planned" | "config">,
): Promise<Body> {
  const image = await findImage(api, planned);
  const keys: number[] = [];
  for (const key of (planned["ssh_keys"] ?? []) as readonly string[])
    keys.push(await findKey(api, key));
  const group = planned["placement_group_id"];
  if (group !== null && !(await api.find(`/placement_groups/${textOf(group)}`)))
    throw new Error(`placement group not found: ${textOf(group)}`);
  const firewalls = (planned["firewall_ids"] ?? []) as readonly number[];
  const [publicNet] = blocks(planned, "public_net").map(publicNetField);
  const isPrivate = publicNet && !publicNet.enable_ipv4 && !publicNet.enable_ipv6;
  return {
    name: planned["name"],
    server_type: planned["server_type"],
    image,
    ...(keys.length > 0 && { ssh_keys: keys }),
    ...(planned["location"] !== null && { location: planned["location"] }),
    // The plan has only its SHA-1.
    ...(config["user_data"] !== null && { user_data: config["user_data"] }),
    ...labelsField(planned),
    ...(firewalls.length > 0 && { firewalls: firewalls.map((firewall) => ({ firewall })) }),
    ...(group !== null && { placement_group: group }),
    ...(publicNet && { public_net: publicNet }),
    // It cannot start without any interface.
    ...(isPrivate && blocks(planned, "network").length > 0 && { start_after_create: false }),
  };
}

async function findImage(api: Api, { server_type, image }: Values): Promise<number> {
  const type = textOf(server_type);
  const architecture = (await byIdOrName(api, "server_types", type)).server_types?.[0]
    ?.architecture;
  if (architecture === undefined) throw new Error(`server type ${type} not found`);
  const wanted = textOf(image ?? "");
  const byId = /^\d+$/.test(wanted) ? await api.find(`/images/${wanted}`) : undefined;
  if (byId?.image) return byId.image.id;
  const query = new URLSearchParams({ architecture, include_deprecated: "true", name: wanted });
  const [named] = (await api.get(`/images?${query.toString()}`)).images ?? [];
  if (named) return named.id;
  throw new Error(`image ${wanted} for architecture ${architecture} not found`);
}

async function findKey(api: Api, idOrName: string): Promise<number> {
  const key = (await byIdOrName(api, "ssh_keys", idOrName)).ssh_keys?.[0];
  if (key === undefined) throw new Error(`SSH key not found: ${idOrName}`);
  return key.id;
}

/** Returns a list with the resource of the id, else the one of the name. */
async function byIdOrName(
  api: Api,
  kind: "server_types" | "ssh_keys",
  idOrName: string,
): ReturnType<Api["get"]> {
  const found = /^\d+$/.test(idOrName) ? await api.find(`/${kind}/${idOrName}`) : undefined;
  if (found?.server_type) return { server_types: [found.server_type] };
  if (found?.ssh_key) return { ssh_keys: [found.ssh_key] };
  return await api.get(`/${kind}?name=${encodeURIComponent(idOrName)}`);
}

function publicNetField({ ipv4_enabled, ipv6_enabled, ipv4, ipv6 }: Values): {
  readonly enable_ipv4: boolean;
  readonly enable_ipv6: boolean;
} {
  return {
    enable_ipv4: ipv4_enabled === true || ipv4 !== 0,
    enable_ipv6: ipv6_enabled === true || ipv6 !== 0,
    ...(ipv4 !== 0 && { ipv4 }),
    ...(ipv6 !== 0 && { ipv6 }),
  };
}
