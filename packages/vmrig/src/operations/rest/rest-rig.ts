import { copySpecs } from "../../config/copy-spec.ts";
import type { ResolvedRig } from "../../config/schema.ts";
import { asVmrigError, VmrigError } from "../../errors/vmrig-error.ts";
import type { GateOptions } from "../../gate/gate-options.ts";
import { openStates } from "../../gate/store/open-states.ts";
import { openStore } from "../../gate/store/open-store.ts";
import { requireStop } from "../stop-rig.ts";
import { restCopy, type Rested, type RestingRig } from "./rest-copy.ts";

export interface RestRigOptions extends Pick<GateOptions, "rig" | "folders" | "holder" | "say"> {
  readonly signal: AbortSignal;
}

/** What became of one copy. */
export interface RestOutcome extends Omit<Rested, "did"> {
  readonly copy: string;
  /** `kept`: a run has it or used it lately. `nothing`: it rests already. */
  readonly did: Rested["did"] | "failed";
  /** Set when it failed. The other copies come nevertheless. */
  readonly error?: VmrigError;
}

/**
 * Does what `rest` of the config says with each copy that no run has, and that was not used for
 * long enough. Waits for no lease.
 *
 * @throws VmrigError `CONFIG_INVALID` when the config has no `rest`, `CAPABILITY_MISSING`; nothing
 *   was touched
 */
export async function* restRig(options: RestRigOptions): AsyncGenerator<RestOutcome> {
  const { folders, signal } = options;
  const rig = withRest(options.rig);
  if (rig.rest.do === "power-off") requireStop(rig);
  await using store = await openStore(rig, folders);
  await using states = await openStates(rig, folders);
  for (const spec of await copySpecs(rig, folders)) {
    signal.throwIfAborted();
    const { copy } = spec;
    try {
      yield { copy, ...(await restCopy({ ...options, rig, store, states, copy: spec })) };
    } catch (thrown) {
      signal.throwIfAborted();
      const error = asVmrigError(thrown);
      yield { copy, did: "failed", why: error.summary, error };
    }
  }
}

function withRest(rig: ResolvedRig): RestingRig {
  const { rest } = rig;
  if (rest !== undefined) return { ...rig, rest };
  throw new VmrigError("CONFIG_INVALID", {
    message: `The config of rig "${rig.name}" does not say when its machines rest.`,
    hint: 'add `rest: { after: "8h", do: "power-off" }`',
  });
}
