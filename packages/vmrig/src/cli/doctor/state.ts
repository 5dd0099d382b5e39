import { randomBytes, randomUUID } from "node:crypto";
import { hostname } from "node:os";
import type { Clock } from "../../clock/clock.ts";
import { formatElapsed } from "../../clock/format-elapsed.ts";
import type { Folders } from "../../config/folders.ts";
import type { ResolvedRig } from "../../config/schema.ts";
import type { Finding } from "../../driver/finding.ts";
import { openPlainStates, stateKeys, stateOptions } from "../../gate/store/open-states.ts";
import { ownName } from "../../lease/own-name.ts";
import type { StateStore, StateWrite } from "../../provision/state/state-store.ts";
import { failure } from "./finding.ts";

const WHAT = "state store";
/** A copy for this check only. Its name is fixed, so that it takes the space of one copy. */
const PROBE = { rig: "vmrig-doctor", copy: "vmrig-doctor-state" };
/** The state of 250 machines. */
const TEXT_BYTES = 1024 * 1024;
const WRITERS = 5;

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
    const winners = await race(states, clock);
    const took = formatElapsed(clock.monotonic() - since);
    const measured = `${store}: ${states.shown}; stored and read 1 MiB in ${took}`;
    if (winners === 1) return { what: WHAT, status: "ok", measured };
    return {
      what: WHAT,
      status: "fail",
      measured: `${store}: of ${WRITERS} concurrent writers ${winners} won in ${states.shown}, instead of one`,
      fix: "use a server with atomic conditional writes, or another store",
    };
  } catch (error) {
    return failure(WHAT, error);
  }
}

/** @returns how many of the concurrent writers won */
async function race(states: StateStore, clock: Clock): Promise<number> {
  let fence = Math.round(clock.wall() * 1000);
  let claimed = await states.claim(PROBE, fence);
  if (claimed.outcome === "fenced") {
    // The clock of an earlier check was ahead.
    fence = claimed.fence + 1;
    claimed = await states.claim(PROBE, fence);
  }
  if (claimed.outcome === "fenced") throw new Error("another `vmrig doctor` is running");
  const base = claimed.current?.version ?? 0;
  const text = randomBytes(TEXT_BYTES / 2).toString("hex");
  const write = (): StateWrite => ({
    id: randomUUID(),
    text,
    base,
    fence,
    by: { who: ownName(), host: hostname(), command: "vmrig doctor", session: "doctor" },
    at: clock.wall(),
    summary: "checked by vmrig doctor",
    applying: [],
  });
  const outcomes = await Promise.all(
    Array.from({ length: WRITERS }, () => states.write(PROBE, write())),
  );
  const stored = await states.read(PROBE);
  if (stored?.text !== text) throw new Error("the store returned another text than was stored");
  return outcomes.filter(({ outcome }) => outcome === "written").length;
}
