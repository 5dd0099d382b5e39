import type { Values } from "@vmrig/terraform-plugin";
import { hasCode } from "../api/api-error.ts";
import type { ApiSshKey } from "../api/reply.ts";
import { NAME, OUTPUT } from "../attributes.ts";
import type { Kind } from "../kind.ts";
import { textOf } from "../text-of.ts";

export const SSH_KEY: Kind = {
  isOfPluginFramework: true,
  schema: {
    attributes: {
      id: OUTPUT,
      name: NAME,
      public_key: { type: "string", required: true, replaces: true },
      fingerprint: OUTPUT,
      labels: { type: ["map", "string"], optional: true, computed: true, default: {} },
    },
  },
  async create(api, { planned: { name, public_key, labels } }) {
    return stateOf((await api.post("/ssh_keys", { name, public_key, labels })).ssh_key);
  },
  async read(api, { id }) {
    const { ssh_key } = (await api.find(`/ssh_keys/${textOf(id)}`)) ?? {};
    return ssh_key && stateOf(ssh_key);
  },
  async update(api, { planned, prior, hasChanged }) {
    const changed = ["name", "labels"].filter((name) => hasChanged(name));
    const body = Object.fromEntries(changed.map((name) => [name, planned[name]]));
    return stateOf((await api.put(`/ssh_keys/${textOf(prior["id"])}`, body)).ssh_key);
  },
  async delete(api, { id }) {
    try {
      await api.delete(`/ssh_keys/${textOf(id)}`);
    } catch (error) {
      if (!hasCode(error, "not_found")) throw error;
    }
    return undefined;
  },
};

function stateOf(key: ApiSshKey | undefined): Values {
  if (key === undefined) throw new Error("the reply contains no SSH key");
  const { id, name, public_key, fingerprint, labels } = key;
  return { id: textOf(id), name, public_key, fingerprint, labels };
}
