import { userInfo } from "node:os";
import { identifyProcess } from "vmrig/driver";
import type { Client } from "../api/call/client.ts";
import type { Labels } from "../api/call/label-selector.ts";

/** Marks everything that a publish creates only for itself. */
export const TEMPORARY = { "vmrig-temporary": "publish" } as const;

const UNTIL = "vmrig-until";
const PUBLISHER = "vmrig-publisher";

/** A publish gives up after this time. */
export const LONGEST_PUBLISH_MS = 3_600_000;
/** Then it removes what it created. Also covers clocks that differ. */
const REMOVAL_MS = 900_000;

/**
 * Returns the labels of what a publish creates only for itself. They say how long it may exist, by
 * the clock of the API, and which process uses it.
 */
export async function temporaryLabels(client: Client): Promise<Labels> {
  const until = client.serverTime() + LONGEST_PUBLISH_MS + REMOVAL_MS;
  const publisher = await describeProcess(process.pid);
  return {
    ...TEMPORARY,
    [UNTIL]: String(Math.ceil(until / 1_000)),
    ...(publisher !== undefined && { [PUBLISHER]: publisher }),
  };
}

/**
 * Tells whether the publish that created a resource has ended. On the same computer its process
 * decides. A publish of another computer, or of another container, may run until its time is over.
 */
export async function isAbandoned(
  client: Client,
  { labels, created }: { readonly labels: Labels; readonly created: string },
): Promise<boolean> {
  const until = /^\d{1,12}$/.test(labels[UNTIL] ?? "") ? Number(labels[UNTIL]) * 1_000 : undefined;
  const deadline = until ?? Date.parse(created) + LONGEST_PUBLISH_MS + REMOVAL_MS;
  return client.serverTime() > deadline || (await hasEndedHere(labels[PUBLISHER] ?? ""));
}

/**
 * Describes a process of this computer as a label: pid, start time, boot, PID namespace, user. Other
 * systems than Linux do not tell one computer from another by these.
 */
export async function describeProcess(pid: number): Promise<string | undefined> {
  const { startTime, boot, pidNamespace } = await identifyProcess(pid);
  if (boot === "" || pidNamespace === "") return undefined;
  return [pid, startTime, boot, pidNamespace, userInfo().uid].join(".");
}

/**
 * Only a process of this boot, PID namespace and user is known to be visible from here, so only such
 * a one is known to have ended when it is not.
 */
async function hasEndedHere(publisher: string): Promise<boolean> {
  const [pid = "", , ...place] = publisher.split(".");
  const now = /^\d+$/.test(pid) ? await describeProcess(Number(pid)) : undefined;
  if (now === undefined) return false;
  const [, , ...here] = now.split(".");
  return place.join(".") === here.join(".") && now !== publisher;
}
