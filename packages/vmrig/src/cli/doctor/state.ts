import { hostname } from "node:os";
import type { Clock } from "../../clock/clock.ts";
import { formatElapsed } from "../../clock/format-elapsed.ts";
import type { Folders } from "../../config/folders.ts";
import type { ResolvedRig } from "../../config/schema.ts";
import type { Finding } from "../../driver/finding.ts";
import { openPlainStates, stateKeys, stateOptions } from "../../gate/store/open-states.ts";
import { ownName } from "../../lease/own-name.ts";
import { probeStore } from "../../provision/state/probe-store.ts";
import { failure } from "./finding.ts";

const WHAT = "state store";

/**
 * Stores a large state and reads it back, with concurrent writers of which one must win. Does not
 * touch the state of a rig.
 */
export async function examineState(options: {
  readonly rig: ResolvedRig;
  readonly folders: Folders;
  readonly env: NodeJS.ProcessEnv;
  readonly clock: Clock;
}): Promise<Finding> {
  const { rig, folders, env, clock } = options;
  const { store } = stateOptions(rig);
  // Its folder has its own check.
  if (store === "file")
    return { what: WHAT, status: "ok", measured: "file: in the folder of each copy" };
  try {
    stateKeys(env);
    // Without encryption: an earlier check may have had another key.
    await using states = await openPlainStates(rig, folders, env);
    const since = clock.monotonic();
    const by = { who: ownName(), host: hostname(), command: "vmrig doctor", session: "doctor" };
    await probeStore(states, { by, clock });
    const took = formatElapsed(clock.monotonic() - since);
    const measured = `${store}: ${states.shown}; stored and read 1 MiB in ${took}`;
    return { what: WHAT, status: "ok", measured };
  } catch (error) {
    return failure(WHAT, error);
  }
}
