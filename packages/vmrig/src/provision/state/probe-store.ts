import { randomUUID } from "node:crypto";
import { VmrigError } from "../../errors/vmrig-error.ts";
import { systemClock, type Clock } from "../../clock/clock.ts";
import type { Holder } from "../../lease/lease.ts";
import type { StateStore } from "./state-store.ts";

/** No rig of a user: the store keeps a few small versions under this name. */
const PROBE = { rig: "vmrig-doctor", copy: "state-probe" };

/**
 * Checks that a store can be read and written, with a state of a rig that does not exist.
 *
 * @throws VmrigError the faults of the store, such as `STATE_UNWRITABLE` for missing privileges
 */
export async function probeStore(
  store: StateStore,
  by: Holder,
  clock: Clock = systemClock,
): Promise<void> {
  let fence = clock.wall();
  let claim = await store.claim(PROBE, fence);
  // An earlier probe, by a clock that is ahead.
  if (claim.outcome === "fenced") claim = await store.claim(PROBE, (fence = claim.fence + 1));
  // Another probe runs now, and is as good as this one.
  if (claim.outcome === "fenced") return;
  const text = `probe ${randomUUID()}\n`;
  const written = await store.write(PROBE, {
    id: randomUUID(),
    text,
    base: claim.current?.version ?? 0,
    fence,
    by,
    at: clock.wall(),
    summary: "probe",
    applying: [],
  });
  if (written.outcome !== "written") return;
  const read = await store.readVersion(PROBE, written.version);
  if (read?.text === text) return;
  throw new VmrigError("STATE_UNWRITABLE", {
    message: `${store.shown} does not return what was written to it.`,
    hint: "use another store",
  });
}
