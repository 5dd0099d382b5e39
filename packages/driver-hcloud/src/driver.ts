import type { Driver } from "vmrig/driver";
import type { Client } from "./api/call/client.ts";
import { openAccount } from "./account/account.ts";
import { diagnose } from "./account/diagnose.ts";
import { discardResource, discardServer } from "./account/discard-resource.ts";
import { findResources } from "./account/find-resources.ts";
import { rigCosts } from "./account/rig-costs.ts";
import { listAccount, removeFromAccount } from "./account/sweep-account.ts";
import { unprotect } from "./account/unprotect.ts";
import { checkSettings, type HcloudOptions } from "./options.ts";
import { readLocalImage } from "./publish/local-image.ts";
import { publishImage } from "./publish/publish-image.ts";
import { newestImage } from "./published-image.ts";
import { admit } from "./server/admit.ts";
import { machineServer } from "./server/copy-servers.ts";
import { firstBoot } from "./server/first-boot.ts";
import { setMachineLink } from "./server/link.ts";
import { copyInventory } from "./server/machine-status.ts";
import { power, stop } from "./server/power.ts";
import { rewrite } from "./server/rewrite-disk.ts";
import { captureSnapshot, dropSnapshot, restoreSnapshot } from "./server/snapshots.ts";
import { declareCopy, lanPrefixOf } from "./stack/declare-copy.ts";
import { nextPlacement } from "./stack/next-placement.ts";
import { findOffer } from "./stack/placement.ts";
import { planCopy } from "./stack/plan-copy.ts";

/**
 * Returns a driver whose machines are servers of Hetzner Cloud that a team shares: one rig for all
 * laptops and CI jobs. The token is read from `HCLOUD_TOKEN`. Baselines are btrfs snapshots inside
 * the machines, entered without a reboot where the kernel allows it.
 */
export function hcloud(options: HcloudOptions): Driver {
  const settings = checkSettings(options);
  return {
    name: "hcloud",
    locality: "shared",
    rollback: "soft",
    needsSecret: true,
    fixedAddresses: true,
    machineType: "hcloud_server",
    lanPrefix: lanPrefixOf(settings.range),

    async fingerprint(copy, { signal } = {}) {
      await using client = openAccount();
      const { architecture } = await findOffer(client, settings, { copy, signal });
      const { digest } = await newestImage(client, { name: settings.image, architecture, signal });
      const { locations, serverTypes, ssh, range } = settings;
      const options = JSON.stringify({ locations, serverTypes, ssh, range });
      return { image: digest, platform: `hetzner cloud, ${architecture}`, options };
    },
    async declare(stack, copy, made) {
      await using client = openAccount();
      const plan = await planCopy(client, { copy, settings, options: made });
      declareCopy(stack, { copy, owner: made.owner, plan });
    },
    account: {
      name: "Hetzner Cloud",
      costs: (rig, { signal } = {}) =>
        withAccount((client) => rigCosts(client, { rig, image: settings.image, signal })),
      list: ({ signal = new AbortController().signal } = {}) =>
        withAccount((client) => listAccount(client, signal)),
      remove: (resource, limit) =>
        withAccount((client) => removeFromAccount(client, resource, limit)),
    },
    alternative: (copy, failed) =>
      withAccount((client) => nextPlacement(client, { copy, settings, failed })),
    diagnose: (copy) => diagnose(copy, settings),
    async publishImage({ cacheFolder, say, signal }) {
      const image = await readLocalImage(settings.image, cacheFolder);
      const { id, digest } = await withAccount((client) =>
        publishImage(client, { image, say, signal }),
      );
      return `image ${id}: ${image.name}, ${digest}`;
    },
    ...MACHINE_CALLS,
  };
}

type OptionCalls = "fingerprint" | "declare" | "alternative" | "account";
type Facts =
  | "name"
  | "locality"
  | "rollback"
  | "needsSecret"
  | "fixedAddresses"
  | "lanPrefix"
  | "machineType";

/** The calls that depend on no option of the driver. */
const MACHINE_CALLS: Omit<Driver, OptionCalls | Facts> = {
  inspect: (copy, { signal } = {}) => withAccount((client) => copyInventory(client, copy, signal)),
  find: (copy, { signal = new AbortController().signal } = {}) =>
    withAccount((client) => findResources(client, copy, signal)),
  discard: (copy, found, by) =>
    withAccount((client) => discardResource(client, { copy, found }, by)),
  unprotect: (copy, names, by) => withAccount((client) => unprotect(client, { copy, names }, by)),
  remove: (ref, by) =>
    withAccount(async (client) => {
      const { id } = await machineServer(client, ref, by.signal);
      await discardServer(client, { copy: ref.copy, id }, by);
    }),

  boot: (ref, by) => withAccount((client) => firstBoot(client, ref, by)),
  admit: (ref, by) => withAccount((client) => admit(client, ref, by)),
  capture: (ref, snapshot, by) =>
    withAccount((client) => captureSnapshot(client, { ref, snapshot }, by)),
  restore: (ref, snapshot, by) =>
    withAccount((client) => restoreSnapshot(client, { ref, snapshot }, by)),
  drop: (ref, snapshot, by) => withAccount((client) => dropSnapshot(client, { ref, snapshot }, by)),
  rewrite: (ref, by) => withAccount((client) => rewrite(client, ref, by)),

  power: (ref, action, by) => withAccount((client) => power(client, { ref, action }, by)),
  network: (ref, action, by) =>
    withAccount((client) => setMachineLink(client, { ref, action }, by)),
  stop: (ref, by) => withAccount((client) => stop(client, ref, by)),
};

async function withAccount<T>(work: (client: Client) => Promise<T>): Promise<T> {
  await using client = openAccount();
  return await work(client);
}
