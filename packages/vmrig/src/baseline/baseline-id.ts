import { createHash } from "node:crypto";
import type { CopySpec, Fingerprint, SnapshotName } from "../driver/driver.ts";
import { EMPTY_RECIPE, type Recipe } from "./recipe.ts";

/**
 * Incremented whenever vmrig's own part of the preparation changes. Old baselines are then rebuilt
 * by themselves.
 */
const LAYOUT = 2;

export interface BaselineInputs {
  readonly copy: CopySpec;
  readonly fingerprint: Fingerprint;
  /** Recipes by machine name. */
  readonly recipes: Readonly<Record<string, Recipe>>;
}

/**
 * Returns the hash of everything that went into a baseline: image, platform, machines, recipes,
 * topology, layout. 16 hex digits.
 */
export function baselineId({ copy, fingerprint, recipes }: BaselineInputs): string {
  const inputs = [
    LAYOUT,
    fingerprint.image,
    fingerprint.platform,
    copy.copy,
    copy.machines.map(({ name, cpus, memoryMb, diskGb, lanAddress }) => [
      name,
      cpus,
      memoryMb,
      diskGb,
      lanAddress,
    ]),
    copy.machines.map(({ name }) => canonical(recipes[name] ?? EMPTY_RECIPE)),
  ];
  return createHash("sha256").update(JSON.stringify(inputs)).digest("hex").slice(0, 16);
}

/** Returns the recipe with its keys in this order, regardless of the order in the given object. */
function canonical({ packages, files, run, timers }: Recipe): Recipe {
  return {
    packages,
    files: files.map(({ path, content, mode, owner }) => ({ path, content, mode, owner })),
    run,
    timers,
  };
}

/** Snapshot of the machine after its first boot, before any preparation. */
export const PRISTINE: SnapshotName = "pristine";

export function baselineSnapshot(id: string): SnapshotName {
  return `baseline-${id}`;
}
