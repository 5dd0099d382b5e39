import { VmrigError, type CopySpec, type DeclareOptions } from "vmrig/driver";
import type { Client } from "../api/call/client.ts";
import { MACHINE } from "../labels.ts";
import type { Settings } from "../options.ts";
import { imageOfDigest } from "../published-image.ts";
import { copyServers } from "../server/copy-servers.ts";
import { addressOrder } from "./address-order.ts";
import type { CopyPlan } from "./declare-copy.ts";
import { groupMembers } from "./group-members.ts";
import { choosePlacement, findOffer } from "./placement.ts";

/**
 * Decides what the stack of a copy contains: its image, and where each machine is. Servers that
 * exist stay where they are.
 *
 * @throws VmrigError as {@link findOffer} and {@link addressOrder}; `IMAGE_MISSING`
 */
export async function planCopy(
  client: Client,
  {
    copy,
    settings,
    options,
  }: { readonly copy: CopySpec; readonly settings: Settings; readonly options: DeclareOptions },
): Promise<CopyPlan | undefined> {
  const { fingerprint, secret, attempt = 0 } = options;
  if (fingerprint === undefined) return undefined;
  if (secret === undefined)
    throw new VmrigError("INTERNAL", { message: "hcloud() was declared without a secret." });
  const digest = fingerprint.image;
  const [offer, image, existing] = await Promise.all([
    findOffer(client, settings, { copy }),
    imageOfDigest(client, { digest }),
    copyServers(client, copy),
  ]);
  const placements = new Map(
    copy.machines.map((machine) => {
      const server = existing.find(({ labels }) => labels[MACHINE] === machine.name);
      const choice = choosePlacement({ settings, offer, machine, server, attempt });
      return [machine.name, choice];
    }),
  );
  return {
    zone: offer.zone,
    image,
    digest,
    ssh: settings.ssh,
    range: settings.range,
    placements,
    grouped: groupMembers(copy, existing),
    waitsFor: addressOrder(copy, existing),
    secret,
  };
}
