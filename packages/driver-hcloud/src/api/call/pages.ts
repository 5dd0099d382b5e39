import { z } from "zod";
import { readPart } from "./body.ts";
import type { Client } from "./client.ts";
import type { Query } from "./query.ts";

/** The most that the API returns at once. */
const PER_PAGE = 50;

const meta = z.object({
  pagination: z.object({ next_page: z.number().nullable() }),
});

export interface ListCall<T extends { readonly id: number }> {
  /** `/servers` */
  readonly path: string;
  /** Name of the list in the reply: `servers`. */
  readonly many: string;
  readonly schema: z.ZodType<T>;
  readonly query?: Query;
  /** Reads only the first page. */
  readonly isFirstPageEnough?: boolean;
  readonly task: string;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Reads all pages of a list. Returns each resource once: one that moves to the next page while the
 * pages are read is on both.
 */
export async function readPages<T extends { readonly id: number }>(
  client: Client,
  { path, many, schema, query = {}, isFirstPageEnough = false, task, signal }: ListCall<T>,
): Promise<readonly T[]> {
  const found = new Map<number, T>();
  let page: number | null = 1;
  while (page !== null) {
    const body = await client.call({
      method: "GET",
      path,
      query: { ...query, page, per_page: PER_PAGE },
      task,
      signal,
    });
    const from = `GET ${path}`;
    for (const item of readPart(z.array(schema), body[many], `${from}: ${many}`))
      found.set(item.id, item);
    const { next_page: next } = readPart(meta, body["meta"], `${from}: meta`).pagination;
    page = next !== null && next > page && !isFirstPageEnough ? next : null;
  }
  return [...found.values()];
}
