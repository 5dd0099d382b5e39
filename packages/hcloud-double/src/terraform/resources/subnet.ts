import type { Values } from "@vmrig/terraform-plugin";
import type { Api } from "../api/api.ts";
import { ApiError, hasCode } from "../api/api-error.ts";
import { retrying } from "../api/pause.ts";
import { ID, OUTPUT } from "../attributes.ts";
import type { Kind } from "../kind.ts";
import { parseSubnetId } from "./subnet-id.ts";
import { textOf } from "../text-of.ts";

const TEXT = { type: "string", required: true, replaces: true } as const;
/** Much longer than all other calls: the servers may still be on their way out. */
const DELETE_TRIES = 50;

export const SUBNET: Kind = {
  schema: {
    attributes: {
      id: ID,
      network_id: { type: "number", required: true, replaces: true },
      type: TEXT,
      network_zone: TEXT,
      ip_range: TEXT,
      gateway: OUTPUT,
      vswitch_id: { type: "number", optional: true, replaces: true },
    },
  },
  async create(api, { planned, exists }) {
    const { network_id, type, ip_range, network_zone, vswitch_id } = planned;
    const body = { type, ip_range, network_zone, ...(vswitch_id !== null && { vswitch_id }) };
    const { action } = await retrying({ isWorthIt: (error) => hasCode(error, "conflict") }, () =>
      api.post(`/networks/${textOf(network_id)}/actions/add_subnet`, body),
    );
    const state = { ...planned, id: `${textOf(network_id)}-${textOf(ip_range)}` };
    exists(state);
    await api.waitFor(action);
    return (await read(api, state)) ?? state;
  },
  read,
  async update() {
    throw new Error("a subnet never changes");
  },
  async delete(api, { id }) {
    const parsed = parseSubnetId(id);
    if (parsed === undefined) return undefined;
    try {
      const { action } = await retrying({ tries: DELETE_TRIES, isWorthIt: isHeld }, async () => {
        await api.get(`/networks/${parsed.network}`);
        return await api.post(`/networks/${parsed.network}/actions/delete_subnet`, {
          ip_range: parsed.ipRange,
        });
      });
      await api.waitFor(action);
    } catch (error) {
      if (!hasCode(error, "not_found") && !hasServers(error)) throw error;
    }
    return undefined;
  },
};

function isHeld(error: unknown): boolean {
  return hasCode(error, "conflict", "locked") || hasServers(error);
}

function hasServers(error: unknown): boolean {
  return (
    error instanceof ApiError &&
    error.code === "service_error" &&
    /servers are attached|network has attached resources/.test(error.message)
  );
}

async function read(api: Api, { id }: Values): Promise<Values | undefined> {
  const parsed = parseSubnetId(id);
  if (parsed === undefined) return undefined;
  const { network } = (await api.find(`/networks/${parsed.network}`)) ?? {};
  const subnet = network?.subnets.find(({ ip_range }) => ip_range === parsed.ipRange);
  if (network === undefined || subnet === undefined) return undefined;
  const { type, network_zone, ip_range, gateway, vswitch_id } = subnet;
  return {
    id: `${network.id}-${ip_range}`,
    network_id: network.id,
    type,
    network_zone,
    ip_range,
    gateway,
    vswitch_id: type === "vswitch" ? vswitch_id : null,
  };
}
