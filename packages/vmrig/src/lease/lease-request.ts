import { VmrigError } from "../errors/vmrig-error.ts";

/** Request for any one of some copies of a rig. */
export interface LeaseRequest {
  /** `pcs` */
  readonly rig: string;
  /** Names of all copies of the rig, preferred ones first. */
  readonly copies: readonly string[];
  /** Copies that the request accepts. @defaultValue all */
  readonly accept?: readonly string[];
  /**
   * Set by a run that already holds a copy and could use one more. Such a request comes after all
   * requests of runs without a copy.
   *
   * @defaultValue false
   */
  readonly extra?: boolean;
}

/**
 * Checks a request and fills in its defaults.
 *
 * @throws VmrigError `CONFIG_INVALID` for an invalid name, for no copies, and when an accepted copy
 *   does not exist
 */
export function checkLeaseRequest({
  rig,
  copies,
  accept = copies,
  extra = false,
}: LeaseRequest): Required<LeaseRequest> {
  for (const name of [rig, ...copies]) {
    if (!/^[\w.-]+$/.test(name)) {
      throw invalid(`"${name}" is not a valid name: use letters, digits, ".", "_" and "-" only.`);
    }
  }
  const unknown = accept.find((name) => !copies.includes(name));
  if (unknown !== undefined)
    throw invalid(`Rig "${rig}" has no copy "${unknown}" (available: ${copies.join(", ")}).`);
  if (accept.length === 0)
    throw invalid(`The request for rig "${rig}" accepts none of its copies.`);
  return { rig, copies, accept: copies.filter((name) => accept.includes(name)), extra };
}

function invalid(message: string): VmrigError {
  return new VmrigError("CONFIG_INVALID", { message });
}
