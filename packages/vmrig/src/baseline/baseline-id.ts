import { createHash } from "node:crypto";
import type { CopySpec, Fingerprint, SnapshotName } from "../driver/driver.ts";
import { PRISTINE } from "./pristine.ts";
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
  /** Snapshots that the machines are prepared from, by machine name. */
  readonly pristines: ReadonlyMap<string, SnapshotName>;
}

/**
 * Returns the hash of everything that went into a baseline: image, platform, machines, recipes,
 * topology, layout, and upgrades of the packages. 16 hex digits.
 */
export function baselineId({ copy, fingerprint, recipes, pristines }: BaselineInputs): string {
  const upgraded = copy.machines.map(({ name }) => pristines.get(name) ?? PRISTINE);
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
    // Baselines from before the first upgrade keep their id.
    ...(upgraded.every((name) => name === PRISTINE) ? [] : [upgraded]),
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

export function baselineSnapshot(id: string): SnapshotName {
  return `baseline-${id}`;
}
