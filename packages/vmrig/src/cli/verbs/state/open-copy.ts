import type { CopySpec } from "../../../driver/driver.ts";
import type { StateStore } from "../../../provision/state/state-store.ts";
import { openRig, type OpenedRig } from "../../open-rig.ts";
import { copyOption } from "../../options.ts";
import { usageError } from "../../usage-error.ts";
import type { VerbContext } from "../../verb.ts";

/** The option of verbs that act on one copy. */
export const ONE_COPY = copyOption("the copy with this name; default: the rig's only copy");

/** The option of verbs that read one version. */
export const AT = {
  type: "string",
  value: "VERSION",
  help: "this version; default: the newest",
} as const;

export interface OpenedCopy extends OpenedRig {
  readonly copy: CopySpec;
}

/** Opens the rig, and selects one copy of it. */
export async function openCopy(
  context: VerbContext,
  name: string | undefined,
): Promise<OpenedCopy> {
  const opened = await openRig(context);
  const { pickCopy } = await import("../../pick-copy.ts");
  return { ...opened, copy: pickCopy(opened.rig, opened.folders, name) };
}

/** Runs `read` with the store of the states. Needs no lease. */
export async function readCopy(
  context: VerbContext,
  name: string | undefined,
  read: (opened: OpenedCopy & { readonly states: StateStore }) => Promise<void>,
): Promise<void> {
  const opened = await openCopy(context, name);
  const { openStates } = await import("../../../gate/store/open-states.ts");
  await using states = await openStates(opened.rig, opened.folders);
  await read({ ...opened, states });
}

/**
 * Parses the number of a version.
 *
 * @throws VmrigError `CONFIG_INVALID`
 */
export function versionNumber(
  option: string,
  text: string | undefined,
  least = 1,
): number | undefined {
  if (text === undefined) return undefined;
  const version = /^\d{1,15}$/.test(text) ? Number(text) : -1;
  if (version >= least) return version;
  throw usageError(
    `--${option} needs the number of a version, got "${text}".`,
    "see the versions with `vmrig state history`",
  );
}

/** Returns the number of a version that must be given. @throws VmrigError `CONFIG_INVALID` */
export function requiredVersion(option: string, text: string | undefined, least = 1): number {
  const version = versionNumber(option, text, least);
  if (version !== undefined) return version;
  throw usageError(`--${option} is missing.`, "see the versions with `vmrig state history`");
}
