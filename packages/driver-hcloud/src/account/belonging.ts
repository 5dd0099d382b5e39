import type { Belonging } from "vmrig/driver";
import type { Client } from "../api/call/client.ts";
import type { Labels } from "../api/call/label-selector.ts";
import { COPY, OWNER, RIG, TEMPORARY } from "../labels.ts";
import { isAbandoned } from "../publish/temporary.ts";

/** What a resource is judged by. */
export interface Labelled {
  readonly labels: Labels;
  readonly created: string;
}

/**
 * Returns to whom a resource belongs, by its labels; `undefined` when it is none of vmrig's, or is
 * temporary and still needed.
 */
export async function belongingOf(client: Client, one: Labelled): Promise<Belonging | undefined> {
  const { [TEMPORARY]: temporary, [RIG]: rig, [COPY]: copy, [OWNER]: owner } = one.labels;
  if (temporary !== undefined) {
    if (!(await isAbandoned(client, one))) return undefined;
    return { to: "none", why: `it was temporary, for a ${temporary} that has ended` };
  }
  if (rig === undefined) return undefined;
  if (copy === undefined)
    return { to: "others", why: `it has the label ${RIG}=${rig}, but no label ${COPY}` };
  return { to: "copy", rig, copy, ...(owner !== undefined && { owner }) };
}
