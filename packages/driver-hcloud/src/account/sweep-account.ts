import { VmrigError, type Account, type AccountResource, type RemovalOptions } from "vmrig/driver";
import { awaitActions } from "../api/action/await-actions.ts";
import type { Client } from "../api/call/client.ts";
import { ACCOUNT_KINDS, type AccountEntry } from "./account-kinds.ts";
import { deleteWholeServer } from "./discard-resource.ts";
import { readPrices } from "./prices.ts";

const DELETE_MS = 300_000;

/** Lists what a sweep may have to know about, see `Account.list`. */
export async function listAccount(
  client: Client,
  signal: AbortSignal,
): ReturnType<Account["list"]> {
  const prices = await readPrices(client, { signal });
  const found = await Promise.all(
    ACCOUNT_KINDS.map((kind) => kind.list(client, { signal, prices })),
  );
  return { currency: prices.currency, resources: found.flat().map(({ resource }) => resource) };
}

/** Deletes a listed resource, see `Account.remove`. */
export async function removeFromAccount(
  client: Client,
  resource: AccountResource,
  { fence, signal }: RemovalOptions,
): Promise<void> {
  const kind = ACCOUNT_KINDS.find(({ type }) => type === resource.type);
  if (kind === undefined)
    throw new VmrigError("INTERNAL", { message: `hcloud does not know ${resource.type}.` });
  const entries = await kind.list(client, { signal });
  const entry = entries.find((one) => one.resource.id === resource.id);
  // It is gone, or its labels say that it is needed again.
  if (entry === undefined) return;
  refuseChanged(entry, resource);
  if (entry.server !== undefined) {
    await deleteWholeServer(client, entry.server, { fence, signal });
    return;
  }
  if (kind.remove === undefined) return;
  const actions = await kind.remove(client, { of: { id: Number(resource.id) }, signal });
  const task = `delete ${resource.location}`;
  await awaitActions(client, { actions, task, timeoutMs: DELETE_MS, signal });
}

/** @throws VmrigError `CLOUD_REFUSED` unless the resource is as it was listed, and unused */
function refuseChanged({ resource: now, usedBy }: AccountEntry, listed: AccountResource): void {
  if (now.belongs.to === "others" || labelsOf(now) !== labelsOf(listed))
    throw new VmrigError("CLOUD_REFUSED", {
      message: `${listed.location} has other labels than before, so vmrig does not delete it.`,
    });
  if (usedBy.length > 0)
    throw new VmrigError("CLOUD_REFUSED", {
      message: `${listed.location} is still used by ${usedBy.join(", ")}, so vmrig does not delete it.`,
      hint: "remove what uses it first; `vmrig sweep` lists what vmrig may remove",
    });
}

function labelsOf({ belongs }: AccountResource): string {
  if (belongs.to !== "copy") return belongs.to;
  return JSON.stringify([belongs.rig, belongs.copy, belongs.owner]);
}
