import { expect } from "vitest";
import type { AccountResource } from "vmrig/driver";
import { awaitActions } from "../api/action/await-actions.ts";
import type { Labels } from "../api/call/label-selector.ts";
import { createSnapshot } from "../api/images.ts";
import type { Ref } from "../api/resource/kind.ts";
import { copyLabels, IMAGE, IMAGE_NAME, OWNER } from "../labels.ts";
import { OWNER_ID, TWO_MACHINES, type Project } from "../double.test.kit.ts";
import { listAccount } from "./sweep-account.ts";

/** Labels of everything that belongs to the copy. */
export const OF_COPY: Labels = { ...copyLabels(TWO_MACHINES), [OWNER]: OWNER_ID };

/** Makes a snapshot of a server, as a publish does. @returns its id */
export async function publishImage(
  { client }: Project,
  { of, digest, name = "debian-13" }: { of: Ref; digest: string; name?: string },
): Promise<number> {
  const labels = { [IMAGE]: digest, [IMAGE_NAME]: name };
  const made = await createSnapshot(client, { of, description: name, labels });
  const task = "create a snapshot";
  await awaitActions(client, { actions: made.actions, task, timeoutMs: 30_000 });
  return made.resource.id;
}

/** Creates a resource by a call of the API. @returns its id */
export async function post({ double }: Project, path: string, body: object): Promise<number> {
  const response = await fetch(`${double.endpoint}${path}`, {
    method: "POST",
    headers: { authorization: `Bearer ${double.token}` },
    body: JSON.stringify(body),
  });
  const text = await response.text();
  expect(response.status, text).toBeLessThan(300);
  const reply = JSON.parse(text) as Record<string, { readonly id: number } | null>;
  return Object.values(reply).find((one) => one !== null)?.id ?? 0;
}

export async function listed({ client }: Project): Promise<readonly AccountResource[]> {
  return (await listAccount(client, new AbortController().signal)).resources;
}
