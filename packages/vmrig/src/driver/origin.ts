/**
 * What created a machine. Terraform's state alone cannot tell which machine really exists, because
 * a killed Terraform or OpenTofu may not have saved it. So each create step receives the origin in
 * the environment variable `VMRIG_ORIGIN`, the driver stores it in the machine's own record, and
 * `inspect` returns it.
 */
export interface Origin {
  /** Id of the Terraform resource: a new one for each creation. */
  readonly resource: string;
  /** Hash of the resource's `replaceOn`: machines with the same hash are interchangeable. */
  readonly values: string;
}

/**
 * Parses the origin that a create step receives. Without zod, which would double the start time of
 * a fake machine.
 *
 * @returns `undefined` when there is none, because the step was started by hand
 * @throws TypeError when it is not an origin
 */
export function parseOrigin(text: string | undefined): Origin | undefined {
  if (text === undefined) return undefined;
  const { resource, values } = JSON.parse(text) as Partial<Origin>;
  if (typeof resource !== "string" || typeof values !== "string")
    throw new TypeError(`this is not the origin of a machine: ${text.slice(0, 200)}`);
  return { resource, values };
}

/**
 * Whether a create step may take over a complete machine instead of creating it: the machine
 * belongs to the same owner, and was created from the same values. Its apply was killed before the
 * state was saved.
 */
export function canTakeOver(
  existing: { readonly owner: string; readonly origin?: Origin | undefined },
  wanted: { readonly owner: string; readonly origin?: Origin | undefined },
): boolean {
  return (
    existing.owner === wanted.owner &&
    existing.origin !== undefined &&
    existing.origin.values === wanted.origin?.values
  );
}
