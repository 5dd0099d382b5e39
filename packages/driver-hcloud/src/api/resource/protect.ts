import type { Action } from "../action/action.ts";
import { startActions } from "../action/start-actions.ts";
import type { Client } from "../call/client.ts";
import type { KindName, OfResource } from "./kind.ts";

export const CHANGE_PROTECTION = {
  path: "change_protection",
  command: "change_protection",
  verb: "change the protection of",
};

/** Options of a change of the protection. */
export interface ProtectOptions extends OfResource {
  readonly isProtected: boolean;
}

/** Creates the function that switches the protection from deletion on or off for a kind. */
export const protectOf =
  (kind: KindName) =>
  (client: Client, { of, isProtected, signal }: ProtectOptions): Promise<readonly Action[]> =>
    startActions(client, {
      kind,
      of,
      action: CHANGE_PROTECTION,
      body: { delete: isProtected },
      signal,
    });
