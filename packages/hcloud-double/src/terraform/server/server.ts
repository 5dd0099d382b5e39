import { createHash } from "node:crypto";
import { setTimeout } from "node:timers/promises";
import type { Diagnostic } from "@vmrig/terraform-plugin";
import type { Api } from "../api/api.ts";
import { growingPause } from "../api/pause.ts";
import type { Kind } from "../kind.ts";
import { createServer } from "./create.ts";
import { blocks } from "./networks.ts";
import { SERVER_SCHEMA } from "./schema.ts";
import { findServer, stateOf } from "./state.ts";
import { updateServer } from "./update.ts";
import { textOf } from "../text-of.ts";

const POLLS_OF_SHUTDOWN = 5;

export const SERVER: Kind = {
  schema: SERVER_SCHEMA,
  validate(config) {
    if (config["datacenter"] !== null) throw new Error("Removed Attribute: datacenter");
    for (const name of ["iso", "rescue"])
      if (config[name] !== null) throw new Error(`the stand-in provider does not know ${name}`);
    for (const { network_id, subnet_id } of blocks(config, "network"))
      if (network_id === null && subnet_id === null)
        throw new Error("must specify either network_id or subnet_id");
  },
  adjustPlan(planned) {
    const { user_data } = planned;
    return typeof user_data === "string" ? { ...planned, user_data: sha1(user_data) } : planned;
  },
  create: createServer,
  async read(api, prior) {
    const server = await findServer(api, prior["id"]);
    return server && stateOf(server, prior);
  },
  update: updateServer,
  async delete(api, { id, shutdown_before_deletion }) {
    const path = `/servers/${textOf(id)}`;
    const isOff = shutdown_before_deletion !== true || (await shutDown(api, path));
    const { action } = await api.delete(path);
    await api.waitFor(action);
    if (isOff) return undefined;
    const summary = `Server id ${textOf(id)} did not finish shutting down gracefully in time, deleting it anyways.`;
    return [{ severity: "warning", summary } satisfies Diagnostic];
  },
};

/** The state and the plan hold the user data only as its SHA-1; the prior state has it already. */
function sha1(userData: string): string {
  return /^[A-Za-z0-9+/]{27}=$/.test(userData)
    ? userData
    : createHash("sha1").update(userData).digest("base64");
}

async function shutDown(api: Api, path: string): Promise<boolean> {
  await api.act(`${path}/actions/shutdown`);
  for (let polls = 0; polls < POLLS_OF_SHUTDOWN; polls++) {
    if ((await api.get(path)).server?.status === "off") return true;
    await setTimeout(growingPause(1000)(polls));
  }
  return false;
}
