import { actionSchema, readActions, type Action } from "../action/action.ts";
import { readPart, type Body } from "../call/body.ts";
import type { Client } from "../call/client.ts";
import { checkLabels, hasLabels, type Labels } from "../call/label-selector.ts";
import { readPages } from "../call/pages.ts";
import type { Cancellable, Kind, Resource } from "./kind.ts";
import { listOf } from "./read.ts";

/** A new resource, and the actions that must end before it is usable. */
export interface Created<T> {
  readonly resource: T;
  readonly actions: readonly Action[];
}

interface Labelled extends Resource {
  readonly labels: Labels;
}

export interface NewResource {
  /** Unique in the project among resources of its kind. */
  readonly name: string;
  readonly labels: Labels;
}

/** Kinds whose resources have actions. */
const WITH_ACTIONS = new Set(["servers", "images", "networks", "firewalls", "primary_ips"]);

/**
 * Creates a named resource once. After a lost reply it takes the one that has the name, if that has
 * the labels too: without them it belongs to another user or program.
 */
export async function createNamed<T extends Labelled>(
  client: Client,
  { kind, body, signal }: Cancellable & { readonly kind: Kind<T>; readonly body: NewResource },
): Promise<Created<T>> {
  checkLabels(body.labels);
  const path = `/${kind.many}`;
  const reply = await client.call({
    method: "POST",
    path,
    body,
    task: `create the ${kind.title} "${body.name}"`,
    signal,
    async lookUp({ signal }) {
      const found = await listOf(kind)(client, { query: { name: body.name }, signal });
      const ours = found.find((one) => hasLabels(one, body.labels));
      return ours === undefined ? undefined : await asReply(client, { kind, found: ours, signal });
    },
  });
  return {
    resource: readPart(kind.schema, reply[kind.one], `POST ${path}: ${kind.one}`),
    actions: readActions(reply, `POST ${path}`),
  };
}

/** Returns a resource that was looked up in the form of the reply that was lost. */
export async function asReply<T extends Resource>(
  client: Client,
  { kind, found, signal }: Cancellable & { readonly kind: Kind<T>; readonly found: T },
): Promise<Body> {
  if (!WITH_ACTIONS.has(kind.many)) return { [kind.one]: found };
  const actions = await readPages(client, {
    path: `/${kind.many}/${found.id}/actions`,
    many: "actions",
    schema: actionSchema,
    task: `list the actions of the ${kind.title} ${found.id}`,
    signal,
  });
  return { [kind.one]: found, actions };
}
