import { readPart } from "../call/body.ts";
import type { Client } from "../call/client.ts";
import { checkLabels, type Labels } from "../call/label-selector.ts";
import { subject, type Kind, type OfResource, type Resource } from "./kind.ts";

/** What can be changed at any time. */
export interface Change {
  readonly name?: string;
  /** All labels: the API removes those that are missing here. */
  readonly labels?: Labels;
}

/** Creates the function that changes a resource of a kind, and returns it as it is then. */
export const updateOf =
  <T extends Resource>(kind: Kind<T>) =>
  async (
    client: Client,
    { of, change, signal }: OfResource & { readonly change: Change },
  ): Promise<T> => {
    checkLabels(change.labels ?? {});
    const path = `/${kind.many}/${of.id}`;
    const task = `change ${subject(kind, of)}`;
    const body = await client.call({ method: "PUT", path, body: change, task, signal });
    return readPart(kind.schema, body[kind.one], `PUT ${path}: ${kind.one}`);
  };
