import { baselineId, baselineSnapshot } from "../baseline/baseline-id.ts";
import type { ResolvedRig } from "../config/schema.ts";
import type { CopySpec, Inventory, MachineStatus, SnapshotName } from "../driver/driver.ts";
import { recipesOf } from "../gate/recipes.ts";

export type Baseline = "current" | "other" | "none" | "unknown";

/** Cheap where the machines were made here: what they are made of is in the cache. */
const PATIENCE_MS = 5_000;

/**
 * The snapshot that the config asks for, without fetching what it takes to know it: nothing when
 * that would take long, or when there is no baseline to compare it with.
 */
export async function wantedBaseline(
  rig: ResolvedRig,
  copy: CopySpec,
  inventory: Inventory,
): Promise<SnapshotName | undefined> {
  if (!inventory.machines.some(({ snapshots }) => snapshots.some(isBaseline))) return undefined;
  const long = new AbortController();
  const signal = AbortSignal.any([long.signal, AbortSignal.timeout(PATIENCE_MS)]);
  // A driver says a line when it begins something long.
  const say = (): void => long.abort(new Error("what machines are made of is not here"));
  try {
    const fingerprint = await rig.driver.fingerprint(copy, { signal, say });
    return baselineSnapshot(baselineId({ copy, fingerprint, recipes: recipesOf(rig) }));
  } catch {
    return undefined;
  }
}

/** How a machine's snapshots compare with the one that is wanted. */
export function baselineOf(
  { snapshots }: Pick<MachineStatus, "snapshots">,
  wanted: SnapshotName | undefined,
): Baseline {
  if (!snapshots.some(isBaseline)) return "none";
  if (wanted === undefined) return "unknown";
  return snapshots.includes(wanted) ? "current" : "other";
}

function isBaseline(snapshot: SnapshotName): boolean {
  return snapshot.startsWith(baselineSnapshot(""));
}
