import { toDate } from "../../clock/real-time.ts";
import { isVmrigError, VmrigError } from "../../errors/vmrig-error.ts";
import { availableNames } from "../../errors/closest-name.ts";
import type { CopyName } from "../../lease/keys.ts";
import type { Holder } from "../../lease/lease.ts";
import { decryptState } from "../../provision/decrypt-state.ts";
import { parseState } from "../../provision/state.ts";
import { readKeptVersion } from "../../provision/state/read-version.ts";
import { parseResources, type StateInstance } from "../../provision/state/resources.ts";
import { parseStamp } from "../../provision/state/stamp.ts";
import type { StateStore, StateVersion, StoredState } from "../../provision/state/state-store.ts";
import { visibleAttributes } from "./visible-attributes.ts";

/** One version of a state, as `vmrig state history --json` prints it. */
export interface VersionView {
  readonly version: number;
  /** ISO 8601, in UTC, by the clock of the writer. */
  readonly at: string;
  readonly by: Holder;
  readonly fence: number;
  readonly summary: string;
  /** Names of machines that an apply may have changed since. */
  readonly applying: readonly string[];
}

/** One version of a state, as `vmrig state show --json` prints it. */
export interface StateView extends VersionView {
  readonly copy: string;
  /** Printable place of the store, without credentials. */
  readonly store: string;
  /** Number of the newest version. */
  readonly newest: number;
  readonly lineage: string;
  readonly serial: number;
  /** Stamped on every machine of this state; missing when it has none. */
  readonly owner?: string;
  /** Missing when OpenTofu encrypted the state, and cannot decrypt it here. */
  readonly resources?: readonly ResourceView[];
}

export interface ResourceView extends Pick<StateInstance, "address" | "tainted" | "deposed"> {
  /** Without sensitive values. */
  readonly attributes: Readonly<Record<string, unknown>>;
}

/** A version with its text. */
export interface ReadVersion {
  readonly state: StoredState;
  readonly newest: number;
}

/**
 * Reads a version of a state, without a lease.
 *
 * @param version @defaultValue the newest
 * @throws VmrigError `STATE_LOST` when there is no state, `CONFIG_INVALID` for a version that is not
 *   kept; the faults of the store
 */
export async function readVersion(
  states: StateStore,
  copy: CopyName,
  version?: number,
): Promise<ReadVersion> {
  const newest = await states.newestVersion(copy);
  const state =
    version === undefined ? await states.read(copy) : await readKeptVersion(states, copy, version);
  if (state !== undefined) return { state, newest: Math.max(newest, state.version) };
  throw new VmrigError("STATE_LOST", {
    message: `There is no state of "${copy.copy}" in ${states.shown}.`,
    hint: "the first run creates it, as does `vmrig up`",
  });
}

export interface DescribeOptions {
  readonly copy: string;
  /** Printable place of the store. */
  readonly shown: string;
  /** The only resource to describe. @defaultValue all */
  readonly address?: string | undefined;
  /** Whether to fail without the resources of a state that OpenTofu encrypted. */
  readonly needsResources: boolean;
}

/**
 * Describes a version of a state. Decrypts it with OpenTofu, if OpenTofu encrypted it.
 *
 * @throws VmrigError `CONFIG_INVALID` for an unknown address, `STATE_LOST` for a damaged state,
 *   `STATE_KEY_MISSING` when OpenTofu cannot decrypt it and the resources are needed
 */
export async function describeState(
  { state, newest }: ReadVersion,
  { copy, shown, address, needsResources }: DescribeOptions,
): Promise<StateView> {
  const stamp = parseStamp(state.text);
  const where = `version ${state.version} of the state of "${copy}" in ${shown}`;
  const clear = await decryptState(state.text, where).catch((error: unknown) => {
    if (needsResources || !isVmrigError(error) || error.code !== "STATE_KEY_MISSING") throw error;
    return undefined;
  });
  const owner = parseState(clear, where)?.owner;
  return {
    copy,
    store: shown,
    newest,
    ...viewVersion(state),
    lineage: stamp?.lineage ?? "",
    serial: stamp?.serial ?? 0,
    ...(owner !== undefined && { owner }),
    ...(clear !== undefined && { resources: pick(parseResources(clear) ?? [], address) }),
  };
}

export function viewVersion({
  version,
  at,
  by,
  fence,
  summary,
  applying,
}: StateVersion): VersionView {
  return { version, at: toDate(at).toISOString(), by, fence, summary, applying };
}

function pick(all: readonly StateInstance[], address: string | undefined): ResourceView[] {
  const chosen = all.filter((one) => (address ?? one.address) === one.address);
  if (address !== undefined && chosen.length === 0) {
    throw new VmrigError("CONFIG_INVALID", {
      message: `The state has no resource ${address}.`,
      details:
        all.length === 0
          ? []
          : [
              availableNames(
                address,
                all.map((one) => one.address),
              ),
            ],
    });
  }
  return chosen.map((instance) => {
    const { address: name, tainted, deposed } = instance;
    return { address: name, tainted, deposed, attributes: visibleAttributes(instance) };
  });
}
