import { baselineId } from "../baseline/baseline-id.ts";
import { establishBaseline } from "../baseline/establish.ts";
import { joinRecipes, type Recipe } from "../baseline/recipe.ts";
import { rollback, type RolledBack } from "../baseline/rollback.ts";
import { authority, onEach, type Scene } from "../baseline/scene.ts";
import type { ResolvedRig } from "../config/schema.ts";
import type { CopySpec, Fingerprint } from "../driver/driver.ts";
import type { Lease } from "../lease/lease.ts";
import type { LeaseStore } from "../lease/lease-store.ts";
import { infrastructureHash } from "../provision/infrastructure-hash.ts";
import { readStateStamp } from "../provision/state-stamp.ts";
import { generateKeyPair } from "../ssh/keys.ts";
import { stepLine } from "./step-line.ts";
import { makeRecord, staleness } from "./record.ts";

export interface HoldingOptions {
  readonly rig: ResolvedRig;
  readonly copy: CopySpec;
  readonly store: LeaseStore;
  readonly lease: Lease;
  readonly say: (line: string) => void;
  /** Ends what is under way, Terraform too, when the run is over before the machines are ready. */
  readonly until: AbortSignal;
  /** Addresses that a person allowed to be replaced. */
  readonly allow?: ReadonlySet<string>;
}

/** A copy that this run holds the lease of, whose machines exist and have their baseline. */
export interface Holding {
  readonly lease: Lease;
  readonly baseline: string;
  /** All machines back to their baseline. */
  rollBack(): Promise<readonly RolledBack[]>;
  /** Lets the machines rest, then hands on the lease. Never throws. */
  release(): Promise<void>;
}

/** The road from a fresh lease to machines that can be rolled back: check, else provision; then the baseline. */
export async function makeHolding(options: HoldingOptions): Promise<Holding> {
  const { rig, copy, lease, say, until } = options;
  const { driver } = rig;
  const warrant: Scene["lease"] = {
    fence: lease.fence,
    signal: AbortSignal.any([lease.signal, until]),
    assertHeld() {
      lease.assertHeld();
      until.throwIfAborted();
    },
  };
  const scene: Scene = { driver, copy, lease: warrant, key: generateKeyPair(), say };
  const fingerprint = await driver.fingerprint(copy);
  await ensureMachines(options, warrant, fingerprint);

  const recipes: Record<string, Recipe> = Object.fromEntries(
    Object.entries(rig.machines).map(([name, machine]) => [name, joinRecipes(rig.prepare, machine.prepare)]),
  );
  const baseline = baselineId({ copy, fingerprint, recipes });
  await establishBaseline(scene, baseline, recipes);

  return {
    lease,
    baseline,
    rollBack: () => rollback(scene, baseline),
    async release() {
      const { park } = driver;
      if (park !== undefined && lease.state === "held") {
        const farewell = { ...scene, lease };
        await onEach(farewell, (machine) => park(machine, authority(farewell))).catch(() => {
          // A machine that does not rest is no reason to keep the others waiting; the next holder rolls it back anyway.
        });
      }
      await lease.release();
    },
  };
}

/** The cheap check by the record; the full road by Terraform when it does not match. */
async function ensureMachines(options: HoldingOptions, warrant: Scene["lease"], fingerprint: Fingerprint): Promise<void> {
  const { rig, copy, store, lease, say, allow } = options;
  const { driver } = rig;
  const infrastructure = infrastructureHash(copy, fingerprint);
  const [record, stamp, inventory] = await Promise.all([store.record(copy), readStateStamp(copy), driver.inspect(copy)]);
  const stale = staleness(record, { copy, infrastructure, stamp, inventory });
  if (stale === undefined) return;
  say(`check    ${copy.copy}: ${stale}; asking Terraform`);
  const { provision } = await import("../provision/provision.ts");
  const provisioned = await provision({
    driver,
    copy,
    fingerprint,
    warrant,
    say: (line) => say(stepLine(line)),
    ...(allow && { allow }),
  });
  await store.saveRecord(lease, makeRecord(infrastructure, provisioned.stamp, await driver.inspect(copy)));
}
