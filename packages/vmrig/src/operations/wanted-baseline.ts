import { baselineId, baselineSnapshot } from "../baseline/baseline-id.ts";
import type { ResolvedRig } from "../config/schema.ts";
import type { Inventory, MachineStatus } from "../driver/inventory.ts";
import type { CopySpec, SnapshotName } from "../driver/driver.ts";
import { withDeadline } from "../wait/with-deadline.ts";
import { recipesOf } from "../gate/copies/recipes.ts";

export type Baseline = "current" | "other" | "none" | "unknown";

/**
 * The query is fast where the machines were created on this computer, because their image is in the
 * cache.
 */
const QUERY_TIMEOUT_MS = 5_000;

/**
 * Returns the snapshot that the config asks for, without a download: nothing when the query would
 * take long, or when there is no baseline to compare with.
 */
export async function wantedBaseline(
  rig: ResolvedRig,
  copy: CopySpec,
  inventory: Inventory,
): Promise<SnapshotName | undefined> {
  if (!inventory.machines.some(({ snapshots }) => snapshots.some(isBaseline))) return undefined;
  const long = new AbortController();
  // A driver prints a line when it begins a long step.
  const say = (): void => long.abort(new Error("the machines' image is not on this computer"));
  try {
    const fingerprint = await withDeadline({ timeoutMs: QUERY_TIMEOUT_MS }, (late) =>
      rig.driver.fingerprint(copy, { signal: AbortSignal.any([long.signal, late]), say }),
    );
    return baselineSnapshot(baselineId({ copy, fingerprint, recipes: recipesOf(rig) }));
  } catch {
    return undefined;
  }
}

/** Compares a machine's snapshots with the wanted baseline. */
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
