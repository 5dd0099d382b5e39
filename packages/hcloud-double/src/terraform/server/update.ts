import type { Values } from "@vmrig/terraform-plugin";
import type { Api } from "../api/api.ts";
import type { ApiServer } from "../api/reply.ts";
import { newLabels } from "../attributes.ts";
import type { Update } from "../kind.ts";
import { protect } from "./create.ts";
import { changeNetworks } from "./networks.ts";
import { changePublicNet } from "./public-net.ts";
import { findServer, stateOf } from "./state.ts";
import { textOf } from "../text-of.ts";

export async function updateServer(
  api: Api,
  { planned, prior, hasChanged }: Update,
): Promise<Values> {
  const server = await findServer(api, prior["id"]);
  if (server === undefined) throw new Error(`server not found: ${textOf(prior["id"])}`);
  const path = `/servers/${server.id}`;
  if (hasChanged("name")) await api.put(path, { name: planned["name"] });
  if (hasChanged("labels")) await api.put(path, newLabels(planned));
  if (hasChanged("server_type")) await changeType(api, server, planned);
  if (hasChanged("backups"))
    await api.act(`${path}/actions/${planned["backups"] ? "enable_backup" : "disable_backup"}`);
  if (hasChanged("network")) await changeNetworks(api, server, planned);
  if (hasChanged("firewall_ids")) await changeFirewalls(api, server, planned);
  if (hasChanged("public_net")) await changePublicNet(api, server, { planned, prior });
  if (hasChanged("placement_group_id")) await changeGroup(api, server, planned);
  if (hasChanged("delete_protection", "rebuild_protection")) await protect(api, server.id, planned);
  return stateOf((await findServer(api, server.id)) ?? server, planned);
}

/** The API starts the server again. */
async function changeType(api: Api, { id, status }: ApiServer, planned: Values): Promise<void> {
  if (status === "running") await api.act(`/servers/${id}/actions/poweroff`);
  await api.act(`/servers/${id}/actions/change_type`, {
    server_type: planned["server_type"],
    upgrade_disk: planned["keep_disk"] !== true,
  });
}

async function changeFirewalls(api: Api, server: ApiServer, planned: Values): Promise<void> {
  const wanted = (planned["firewall_ids"] ?? []) as readonly number[];
  const present = server.public_net.firewalls.map(({ id }) => id);
  const target = [{ type: "server", server: { id: server.id } }];
  for (const id of present.filter((each) => !wanted.includes(each)))
    await api.act(`/firewalls/${id}/actions/remove_from_resources`, { remove_from: target });
  for (const id of wanted.filter((each) => !present.includes(each)))
    await api.act(`/firewalls/${id}/actions/apply_to_resources`, { apply_to: target });
}

async function changeGroup(api: Api, server: ApiServer, planned: Values): Promise<void> {
  const path = `/servers/${server.id}/actions`;
  if (server.placement_group !== null) {
    if (server.status !== "off")
      throw new Error(
        "removing a running server from a placement group is currently not supported in the " +
          "provider. You can shutdown the server yourself, apply the changes again and then start " +
          "the server manually as a workaround",
      );
    await api.act(`${path}/remove_from_placement_group`);
  }
  const group = planned["placement_group_id"];
  if (group === null) return;
  if (!(await api.find(`/placement_groups/${textOf(group)}`)))
    throw new Error(`placement group not found: ${textOf(group)}`);
  await api.act(`${path}/add_to_placement_group`, { placement_group: group });
}
