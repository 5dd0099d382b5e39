import { VmrigError } from "../errors/vmrig-error.ts";

/** What is asked for: any one of some copies of a rig. */
export interface LeaseRequest {
  /** `pcs` */
  readonly rig: string;
  /** All copies of the rig by name, the preferred ones first. */
  readonly copies: readonly string[];
  /** The copies that will do. @defaultValue all */
  readonly accept?: readonly string[];
  /**
   * The run holds a copy already and could use one more: it stands behind everybody who has none.
   *
   * @defaultValue false
   */
  readonly extra?: boolean;
}

/**
 * @throws VmrigError `CONFIG_INVALID` for a name that cannot be one, for no copies, and for one
 *   that is accepted but does not exist
 */
export function checkLeaseRequest({
  rig,
  copies,
  accept = copies,
  extra = false,
}: LeaseRequest): Required<LeaseRequest> {
  for (const name of [rig, ...copies]) {
    if (!/^[\w.-]+$/.test(name)) {
      throw invalid(
        `"${name}" cannot be leased: a name has letters, digits, ".", "_" and "-" only.`,
      );
    }
  }
  const strange = accept.find((name) => !copies.includes(name));
  if (strange !== undefined)
    throw invalid(`Rig "${rig}" has no copy "${strange}"; there are: ${copies.join(", ")}.`);
  if (accept.length === 0) throw invalid(`No copy of rig "${rig}" is asked for.`);
  return { rig, copies, accept: copies.filter((name) => accept.includes(name)), extra };
}

function invalid(message: string): VmrigError {
  return new VmrigError("CONFIG_INVALID", { message });
}
