import type { Body } from "../call/body.ts";
import type { EarlierAttempt } from "../call/call.ts";
import type { Client } from "../call/client.ts";
import { readPages } from "../call/pages.ts";
import { subject, type KindName, type OfResource } from "../resource/kind.ts";
import { actionSchema, readActions, type Action } from "./action.ts";

/** One of the actions that a kind of resource has. */
export interface ActionName {
  /** Last part of its path: `poweron`. */
  readonly path: string;
  /** What the API calls it afterwards: `start_server`. */
  readonly command: string;
  /** As it reads before the resource: `start`. */
  readonly verb: string;
}

interface StartOptions extends OfResource {
  readonly kind: KindName;
  readonly action: ActionName;
  readonly body?: object;
}

/** The header `Date` has whole seconds, and so has the start of an action. */
const ROUNDING_MS = 2_000;

/**
 * Starts an action once. After a lost reply it takes the actions of the same name that the resource
 * has had since: `reset` twice would cut the power in the middle of a boot.
 */
export async function startActions(
  client: Client,
  { kind, of, action, body, signal }: StartOptions,
): Promise<readonly Action[]> {
  const path = `/${kind.many}/${of.id}/actions/${action.path}`;
  const reply = await client.call({
    method: "POST",
    path,
    body: body ?? {},
    task: `${action.verb} ${subject(kind, of)}`,
    signal,
    lookUp: (earlier) => lookUpActions(client, { kind, of, command: action.command, earlier }),
  });
  return readActions(reply, `POST ${path}`);
}

interface LostActions extends OfResource {
  readonly kind: KindName;
  readonly command: string;
  readonly earlier: EarlierAttempt;
}

/** Returns the actions of a call whose reply was lost, in the form of that reply. */
async function lookUpActions(
  client: Client,
  { kind, of, command, earlier: { agoMs, signal } }: LostActions,
): Promise<Body | undefined> {
  const all = await readPages(client, {
    path: `/${kind.many}/${of.id}/actions`,
    many: "actions",
    schema: actionSchema,
    // A server that has lived for months has had thousands of actions.
    query: { sort: "started:desc" },
    isFirstPageEnough: true,
    task: `list the actions of ${subject(kind, of)}`,
    signal,
  });
  const since = sentAt(client, agoMs());
  const actions = all.filter(
    (action) => action.command === command && Date.parse(action.started) >= since,
  );
  return actions.length === 0 ? undefined : { actions };
}

/** When a first attempt was sent, by the clock of the API, rounded down. */
export const sentAt = (client: Client, agoMs: number): number =>
  client.serverTime() - agoMs - ROUNDING_MS;
