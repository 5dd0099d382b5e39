import { apiCodeOf } from "../call/api-error.ts";
import { readPart } from "../call/body.ts";
import type { Client } from "../call/client.ts";
import { labelSelector, type LabelQuery } from "../call/label-selector.ts";
import { readPages } from "../call/pages.ts";
import type { Query } from "../call/query.ts";
import type { Cancellable, Kind, Resource } from "./kind.ts";

export interface ListOptions extends Cancellable {
  /** @defaultValue all resources of the token's project */
  readonly labels?: LabelQuery;
  /** Further filters of the kind. */
  readonly query?: Query;
}

/** Creates the function that lists the resources of a kind, of all pages. */
export const listOf =
  <T extends Resource>(kind: Kind<T>) =>
  async (client: Client, { labels, query, signal }: ListOptions = {}): Promise<readonly T[]> =>
    await readPages(client, {
      path: `/${kind.many}`,
      many: kind.many,
      schema: kind.schema,
      query: {
        ...query,
        ...(labels === undefined ? {} : { label_selector: labelSelector(labels) }),
      },
      task: `list the ${kind.title}s`,
      signal,
    });

/** Creates the function that returns a resource, or `undefined` if it does not exist. */
export const readOf =
  <T extends Resource>(kind: Kind<T>) =>
  async (
    client: Client,
    { id, signal }: Cancellable & { readonly id: number },
  ): Promise<T | undefined> => {
    const path = `/${kind.many}/${id}`;
    try {
      const body = await client.call({
        method: "GET",
        path,
        task: `show the ${kind.title} ${id}`,
        signal,
      });
      return readPart(kind.schema, body[kind.one], `GET ${path}: ${kind.one}`);
    } catch (error) {
      if (apiCodeOf(error) === "not_found") return undefined;
      throw error;
    }
  };
