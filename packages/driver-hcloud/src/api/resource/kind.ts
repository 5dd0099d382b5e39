import type { z } from "zod";

/** What the API calls a kind of resource, and what vmrig reads of one. */
export interface Kind<T extends Resource> extends KindName {
  /** `server`, as the name of one in a reply. */
  readonly one: string;
  readonly schema: z.ZodType<T>;
}

export interface KindName {
  /** `servers`, in paths and as the name of a list. */
  readonly many: string;
  /** What people call it: `SSH key`. */
  readonly title: string;
}

export interface Resource {
  readonly id: number;
}

/** A resource that is known already. The name is for messages. */
export interface Ref {
  readonly id: number;
  readonly name?: string | null | undefined;
}

export interface Cancellable {
  readonly signal?: AbortSignal | undefined;
}

/** Options of a call for one resource. */
export interface OfResource extends Cancellable {
  readonly of: Ref;
}

/** Names a resource in a message: `the server "pc1" (5)`. */
export const subject = ({ title }: KindName, { id, name }: Ref): string =>
  name ? `the ${title} "${name}" (${id})` : `the ${title} ${id}`;
