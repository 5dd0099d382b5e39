import type { CopySpec, FailedApply } from "vmrig/driver";
import type { Client } from "../api/call/client.ts";
import { MACHINE } from "../labels.ts";
import type { Settings } from "../options.ts";
import { copyServers } from "../server/copy-servers.ts";
import { choosePlacement, countPlacements, findOffer } from "./placement.ts";

/** Codes of the API, which the provider puts behind its message: the location or type is full. */
const SOLD_OUT = /\((?:resource_unavailable|placement_error)\b/;

/**
 * Returns where the servers that had no room are tried next, as one line; `undefined` when the apply
 * failed for another reason, or when every location and type was tried.
 */
export async function nextPlacement(
  client: Client,
  {
    copy,
    settings,
    failed,
  }: { readonly copy: CopySpec; readonly settings: Settings; readonly failed: FailedApply },
): Promise<string | undefined> {
  if (!failed.messages.some((message) => SOLD_OUT.test(message))) return undefined;
  const [offer, existing] = await Promise.all([
    findOffer(client, settings, { copy }),
    copyServers(client, copy),
  ]);
  const missing = copy.machines.filter(
    ({ name }) => !existing.some(({ labels }) => labels[MACHINE] === name),
  );
  const attempt = failed.attempt + 1;
  const left = missing.filter((machine) => {
    const options = { settings, offer, machine, server: undefined };
    return attempt < countPlacements(options);
  });
  const [first] = left;
  if (first === undefined || left.length < missing.length) return undefined;
  const at = (number: number): string => {
    const options = { settings, offer, machine: first, server: undefined };
    const { serverType, location } = choosePlacement({ ...options, attempt: number });
    return `${serverType} in ${location}`;
  };
  return `no room for ${at(failed.attempt)}; trying ${at(attempt)} for ${missing.map(({ name }) => name).join(", ")}`;
}
