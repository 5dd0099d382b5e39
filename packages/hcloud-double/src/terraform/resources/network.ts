import type { Values } from "@vmrig/terraform-plugin";
import type { Api } from "../api/api.ts";
import { hasCode } from "../api/api-error.ts";
import { ID, LABELS, labelsField, labelsInState, NAME, newLabels, SWITCH } from "../attributes.ts";
import type { Kind } from "../kind.ts";
import { textOf } from "../text-of.ts";

export const NETWORK: Kind = {
  schema: {
    attributes: {
      id: ID,
      name: NAME,
      ip_range: { type: "string", required: true, replaces: true },
      labels: LABELS,
      delete_protection: SWITCH,
      expose_routes_to_vswitch: SWITCH,
    },
  },
  async create(api, { planned, exists }) {
    const { name, ip_range, expose_routes_to_vswitch, delete_protection } = planned;
    const body = { name, ip_range, ...labelsField(planned), expose_routes_to_vswitch };
    const { network } = await api.post("/networks", body);
    const state = { ...planned, id: textOf(network?.id) };
    exists(state);
    if (delete_protection) await protect(api, state);
    return (await read(api, state)) ?? state;
  },
  read,
  async update(api, { planned, prior, hasChanged }) {
    const path = `/networks/${textOf(prior["id"])}`;
    await api.get(path);
    if (hasChanged("name")) await api.put(path, { name: planned["name"] });
    if (hasChanged("labels")) await api.put(path, newLabels(planned));
    if (hasChanged("expose_routes_to_vswitch"))
      await api.put(path, { expose_routes_to_vswitch: planned["expose_routes_to_vswitch"] });
    if (hasChanged("delete_protection")) await protect(api, planned);
    return (await read(api, planned)) ?? planned;
  },
  async delete(api, { id }) {
    try {
      await api.delete(`/networks/${textOf(id)}`);
    } catch (error) {
      if (!hasCode(error, "not_found")) throw error;
    }
    return undefined;
  },
};

async function protect(api: Api, { id, delete_protection }: Values): Promise<void> {
  const path = `/networks/${textOf(id)}/actions/change_protection`;
  await api.act(path, { delete: delete_protection });
}

async function read(api: Api, prior: Values): Promise<Values | undefined> {
  const path = `/networks/${textOf(prior["id"])}`;
  const found =
    (await api.find(path))?.network ??
    (await api.get(`/networks?name=${textOf(prior["id"])}`)).networks?.[0];
  if (found === undefined) return undefined;
  const { id, name, ip_range, labels, protection, expose_routes_to_vswitch } = found;
  return {
    id: textOf(id),
    name,
    ip_range,
    labels: labelsInState(labels, prior),
    delete_protection: protection.delete,
    expose_routes_to_vswitch,
  };
}
