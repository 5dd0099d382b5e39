import { establishBaseline, type BaselineSource } from "../../baseline/establish.ts";
import type { LeasedContext } from "../../baseline/leased-context.ts";
import { refreshBaseline } from "../../baseline/refresh.ts";
import { systemClock } from "../../clock/clock.ts";
import type { SnapshotName } from "../../driver/driver.ts";
import { baselineAge, inDays } from "./baseline-age.ts";
import type { UpToDate } from "./copy-record.ts";
import type { RecordedMachines } from "./ensure-machines.ts";
import type { LeasedCopyOptions } from "./leased-copy.ts";

/** What the baseline of a leased copy is made of. */
export interface BaselineParts {
  readonly context: LeasedContext;
  readonly source: BaselineSource;
  readonly recorded: RecordedMachines;
}

/**
 * Establishes the baseline, upgrades its packages when the run asks for that, and says when they
 * are older than the config allows. A test run only says it: see ADR 42.
 *
 * @returns the id of the baseline
 */
export async function establishUpToDate(
  { rig, copy, say, refresh = false, clock = systemClock }: LeasedCopyOptions,
  { context, source, recorded }: BaselineParts,
): Promise<string> {
  let { upToDate } = recorded;
  const note = async (more: UpToDate): Promise<void> => {
    upToDate = { ...upToDate, ...more };
    await recorded.record(upToDate);
  };

  // 1. Establish the baseline. A new machine is as new as its image.
  let established = await establishBaseline(context, source, { inventory: recorded.inventory });
  const { booted, pristines } = established;
  if (booted.length > 0) await note(datedNow(booted, pristines, clock.wall()));

  // 2. Upgrade it.
  if (refresh) {
    const asked = clock.wall();
    established = await refreshBaseline(context, source, established, { clock });
    await note(datedNow(established.pristines.keys(), established.pristines, asked));
  }

  // 3. Compare its age with the config.
  const { maxAge } = rig.baseline;
  if (maxAge === undefined) return established.id;
  const age = baselineAge({ pristines: established.pristines, upToDate, now: clock.wall() });
  if (age !== undefined && age <= maxAge) return established.id;
  const howOld = age === undefined ? "of unknown age" : `${inDays(age)} old`;
  say(
    `baseline ${copy.copy}: its packages are ${howOld}, \`baseline.maxAge\` is ${inDays(maxAge)}; upgrade them with \`vmrig up --refresh\``,
  );
  return established.id;
}

function datedNow(
  names: Iterable<string>,
  pristines: ReadonlyMap<string, SnapshotName>,
  at: number,
): UpToDate {
  return Object.fromEntries(
    [...names].flatMap((name) => {
      const pristine = pristines.get(name);
      return pristine === undefined ? [] : [[name, { pristine, at }] as const];
    }),
  );
}
