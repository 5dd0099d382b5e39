/**
 * Stand-in for the provider hetznercloud/hcloud 1.68.0: Terraform starts it as a plugin. It has the
 * kinds of resources that vmrig declares, with the same schema, plans, requests and errors.
 */
import {
  fromValues,
  schemaMessage,
  serveProvider,
  toValues,
  type Request,
  type Values,
} from "@vmrig/terraform-plugin";
import type { Api } from "./api/api.ts";
import { applyChange, readResource } from "./apply.ts";
import { IMAGE_DATA, readImage, validateImage } from "./image-data.ts";
import type { Kind } from "./kind.ts";
import { plan } from "./plan.ts";
import { FIREWALL } from "./resources/firewall.ts";
import { NETWORK } from "./resources/network.ts";
import { PLACEMENT_GROUP } from "./resources/placement-group.ts";
import { SSH_KEY } from "./resources/ssh-key.ts";
import { SUBNET } from "./resources/subnet.ts";
import { SERVER } from "./server/server.ts";
import { apiFor, SETTINGS } from "./settings.ts";

const KINDS: Readonly<Record<string, Kind>> = {
  hcloud_server: SERVER,
  hcloud_network: NETWORK,
  hcloud_network_subnet: SUBNET,
  hcloud_firewall: FIREWALL,
  hcloud_placement_group: PLACEMENT_GROUP,
  hcloud_ssh_key: SSH_KEY,
};

let configured: Api | undefined;

function api(): Api {
  if (configured === undefined) throw new Error("the provider is not configured");
  return configured;
}

function kindOf({ type_name }: Request): Kind {
  const kind = KINDS[type_name];
  if (kind === undefined) throw new Error(`there is no kind of resource ${type_name}`);
  return kind;
}

serveProvider({
  GetProviderSchema: () => ({
    provider: schemaMessage(SETTINGS),
    resource_schemas: Object.fromEntries(
      Object.entries(KINDS).map(([name, { schema }]) => [
        name,
        schemaMessage(schema.attributes, schema.blocks),
      ]),
    ),
    data_source_schemas: { hcloud_image: schemaMessage(IMAGE_DATA.attributes) },
  }),
  ValidateProviderConfig: () => ({}),
  StopProvider: () => ({}),
  UpgradeResourceState: ({ raw_state }) => ({ upgraded_state: raw_state }),

  ValidateResourceConfig(request) {
    kindOf(request).validate?.(toValues(request["config"]) ?? {});
    return {};
  },
  ValidateDataResourceConfig({ config }) {
    validateImage(toValues(config) ?? {});
    return {};
  },
  ConfigureProvider({ config }) {
    configured = apiFor(toValues(config) ?? {}, process.env);
    return {};
  },
  async ReadResource(request) {
    const prior = values(request, "current_state") ?? {};
    const { state, diagnostics } = await readResource(api(), kindOf(request), prior);
    return { new_state: fromValues(state), diagnostics };
  },

  PlanResourceChange(request) {
    const kind = kindOf(request);
    const [prior, proposed] = [
      values(request, "prior_state"),
      values(request, "proposed_new_state"),
    ];
    if (proposed === undefined) return { planned_state: fromValues(undefined) };
    const config = values(request, "config") ?? {};
    const { planned, replacing } = plan(kind, { prior, config, proposed });
    return {
      planned_state: fromValues(planned),
      requires_replace: replacing.map((name) => ({ steps: [{ attribute_name: name }] })),
      legacy_type_system: kind.isOfPluginFramework !== true,
    };
  },

  async ApplyResourceChange(request) {
    const kind = kindOf(request);
    const { state, diagnostics } = await applyChange(api(), kind, {
      prior: values(request, "prior_state"),
      planned: values(request, "planned_state"),
      config: values(request, "config") ?? {},
    });
    const legacy_type_system = kind.isOfPluginFramework !== true;
    return { new_state: fromValues(state), diagnostics, legacy_type_system };
  },

  /** Terraform reads the resource afterwards, and complains if there is none. */
  ImportResourceState(request) {
    const { attributes, blocks = {} } = kindOf(request).schema;
    const state: Values = {};
    for (const name of Object.keys(attributes)) state[name] = null;
    for (const [name, { nesting }] of Object.entries(blocks))
      state[name] = nesting === "set" ? [] : null;
    const { type_name, id } = request;
    return { imported_resources: [{ type_name, state: fromValues({ ...state, id }) }] };
  },

  async ReadDataSource({ config }) {
    return { state: fromValues(await readImage(api(), toValues(config) ?? {})) };
  },
});

function values(request: Request, field: string): Values | undefined {
  return toValues(request[field]);
}
