import { systemClock } from "../../clock/clock.ts";
import { toMilliseconds, type Duration } from "../duration-option.ts";
import type { FaultTarget } from "./fault-target.ts";
import { asRoot } from "./run-as-root.ts";

/**
 * Sets the clock relative to the real time, which is the time of this computer. Repeating the call
 * does not add up.
 */
export async function skewClock(machine: FaultTarget, by: Duration): Promise<void> {
  const text = typeof by === "number" ? `${by}ms` : by;
  const sign = text.startsWith("-") ? -1 : 1;
  const seconds = (systemClock.wall() + sign * toMilliseconds(text.replace(/^[-+]/, ""))) / 1000;
  await asRoot(
    machine,
    `set the clock of ${machine.name}`,
    `date -s @${seconds.toFixed(3)} >/dev/null`,
  );
}
