import type { Values } from "@vmrig/terraform-plugin";
import type { Api } from "../api/api.ts";
import { ID, LABELS, labelsField, labelsInState, NAME, newLabels } from "../attributes.ts";
import type { Kind } from "../kind.ts";
import { textOf } from "../text-of.ts";

export const PLACEMENT_GROUP: Kind = {
  schema: {
    attributes: {
      id: ID,
      name: NAME,
      labels: LABELS,
      servers: { type: ["set", "number"], computed: true },
      type: { type: "string", required: true },
    },
  },
  async create(api, { planned, exists }) {
    const { name, type } = planned;
    const body = { name, type, ...labelsField(planned) };
    const { placement_group: group, action } = await api.post("/placement_groups", body);
    const state = { ...planned, id: textOf(group?.id) };
    exists(state);
    await api.waitFor(action);
    return (await read(api, state)) ?? state;
  },
  read,
  async update(api, { planned, prior, hasChanged }) {
    const path = `/placement_groups/${textOf(prior["id"])}`;
    await api.get(path);
    if (hasChanged("name")) await api.put(path, { name: planned["name"] });
    if (hasChanged("labels")) await api.put(path, newLabels(planned));
    return (await read(api, planned)) ?? planned;
  },
  async delete(api, { id }) {
    await api.delete(`/placement_groups/${textOf(id)}`);
    return undefined;
  },
};

async function read(api: Api, prior: Values): Promise<Values | undefined> {
  const path = `/placement_groups/${textOf(prior["id"])}`;
  const { placement_group: group } = (await api.find(path)) ?? {};
  if (group === undefined) return undefined;
  const { id, name, type, labels, servers } = group;
  return { id: textOf(id), name, type, labels: labelsInState(labels, prior), servers };
}
