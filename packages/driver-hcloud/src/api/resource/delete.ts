import { readActions, type Action } from "../action/action.ts";
import { apiCodeOf } from "../call/api-error.ts";
import type { Client } from "../call/client.ts";
import { subject, type Kind, type OfResource, type Resource } from "./kind.ts";

/**
 * Creates the function that deletes a resource of a kind, and returns the actions that it takes. It
 * succeeds when the resource is gone already, also because a first attempt without a reply deleted
 * it.
 */
export const deleteOf =
  <T extends Resource>(kind: Kind<T>) =>
  async (client: Client, { of, signal }: OfResource): Promise<readonly Action[]> => {
    const path = `/${kind.many}/${of.id}`;
    try {
      const task = `delete ${subject(kind, of)}`;
      const body = await client.call({ method: "DELETE", path, task, signal });
      return readActions(body, `DELETE ${path}`);
    } catch (error) {
      if (apiCodeOf(error) === "not_found") return [];
      throw error;
    }
  };
