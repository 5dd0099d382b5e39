import { join } from "node:path";
import { toDate } from "../clock/real-time.ts";
import { VmrigError } from "../errors/vmrig-error.ts";
import { CLAIM, ownClaimant, type FolderClaimant } from "./folder-claimant.ts";
import { INITIAL_PID_NAMESPACE } from "./place.ts";

/** Begins the detail that says who uses the folder. */
export const IN_USE_IN = "in use in: ";

/**
 * Explains who uses a folder.
 *
 * @param owner Missing when its record cannot be read.
 */
export function usedElsewhereError(
  folder: string,
  { what, owner }: { readonly what: string; readonly owner: FolderClaimant | undefined },
): VmrigError {
  const me = ownClaimant(true);
  const isNear = owner?.boot === me.boot && owner.pidNamespace === me.pidNamespace;
  const user = isNear
    ? "A process with another /tmp"
    : owner?.pidNamespace === INITIAL_PID_NAMESPACE
      ? "A process outside of this container"
      : "Another container";
  return new VmrigError("HOME_SHARED", {
    message: `${user} uses ${what}.`,
    details: [
      `shared folder: ${folder}`,
      `${IN_USE_IN}${owner === undefined ? "another PID namespace" : describe(owner, isNear)}`,
      `this process: ${describePlace(me)}`,
    ],
    hint: [hintFor(owner, join(folder, CLAIM), isNear), otherwise()].join(". "),
  });
}

function describe(owner: FolderClaimant, isNear: boolean): string {
  return [
    describePlace(owner),
    ...(isNear ? ["with another /tmp"] : []),
    // Not its pid: the process that claimed the folder first has often ended. Redis or QEMU uses it.
    `since ${toDate(owner.at).toISOString()}`,
    ...(owner.locked ? [] : ["no flock(1) there"]),
  ].join(", ");
}

function describePlace({ pidNamespace, host }: FolderClaimant): string {
  return pidNamespace === INITIAL_PID_NAMESPACE
    ? `this computer (${host}), outside containers`
    : `PID namespace ${pidNamespace} on ${host}`;
}

function hintFor(owner: FolderClaimant | undefined, file: string, isNear: boolean): string {
  if (owner?.locked === false)
    return "install flock(1) there (util-linux). Without it, only a reboot shows that its processes have ended: once they have, delete the file `in-use` in the shared folder";
  // A service that has ended may have left processes with a /tmp that nothing else can reach.
  const other = isNear
    ? `, or end the processes that \`fuser -v ${file}\` shows`
    : owner?.pidNamespace === INITIAL_PID_NAMESPACE
      ? ""
      : ", or end that container";
  return `run \`vmrig down\` there${other}: machines and the embedded Redis keep running after a run`;
}

function otherwise(): string {
  const both = "To use both at the same time, give each its own VMRIG_HOME";
  return process.env["VMRIG_REDIS_URL"]
    ? both
    : `${both}, and set VMRIG_REDIS_URL to one Redis if they lease the same machines`;
}
