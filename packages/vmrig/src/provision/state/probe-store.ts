import { randomBytes, randomUUID } from "node:crypto";
import type { Clock } from "../../clock/clock.ts";
import { VmrigError } from "../../errors/vmrig-error.ts";
import type { Holder } from "../../lease/lease.ts";
import type { StateStore, StateWrite } from "./state-store.ts";

/** A copy for this check only. Its name is fixed, so that it takes the space of one copy. */
const PROBE = { rig: "vmrig-doctor", copy: "vmrig-doctor-state" };
/** The state of 250 machines. */
const TEXT_BYTES = 1024 * 1024;
const WRITERS = 5;

/**
 * Stores a state of 1 MiB and reads it back, with concurrent writers of which one must win. Does not
 * touch the state of a rig.
 *
 * @throws VmrigError `STATE_UNWRITABLE` when several writers win, or when another text comes back;
 *   the faults of the store
 */
export async function probeStore(
  store: StateStore,
  { by, clock }: { readonly by: Holder; readonly clock: Clock },
): Promise<void> {
  let fence = Math.round(clock.wall() * 1000);
  let claimed = await store.claim(PROBE, fence);
  if (claimed.outcome === "fenced") {
    // The clock of an earlier check was ahead.
    fence = claimed.fence + 1;
    claimed = await store.claim(PROBE, fence);
  }
  if (claimed.outcome === "fenced") {
    throw new VmrigError("STATE_UNWRITABLE", {
      message: `Another check of ${store.shown} runs at the same time.`,
      hint: "run again",
    });
  }
  const base = claimed.current?.version ?? 0;
  const text = randomBytes(TEXT_BYTES / 2).toString("hex");
  const write = (): StateWrite => ({
    id: randomUUID(),
    text,
    base,
    fence,
    by,
    at: clock.wall(),
    summary: `checked by ${by.command}`,
    applying: [],
  });
  const outcomes = await Promise.all(
    Array.from({ length: WRITERS }, () => store.write(PROBE, write())),
  );
  const winners = outcomes.filter(({ outcome }) => outcome === "written").length;
  if (winners !== 1) {
    throw new VmrigError("STATE_UNWRITABLE", {
      message: `Of ${WRITERS} concurrent writers ${winners} won in ${store.shown}, instead of one.`,
      hint: "use a server with atomic conditional writes, or another store",
    });
  }
  if ((await store.read(PROBE))?.text === text) return;
  throw new VmrigError("STATE_UNWRITABLE", {
    message: `${store.shown} returned another text than was stored.`,
    hint: "use another store",
  });
}
