import { createHash } from "node:crypto";
import type { CopySpec, Fingerprint, SnapshotName } from "../driver/driver.ts";
import { EMPTY_RECIPE, type Recipe } from "./recipe.ts";

/**
 * Raised whenever vmrig's own part of the preparation changes: old baselines then rebuild by
 * themselves.
 */
const LAYOUT = 1;

export interface BaselineInputs {
  readonly copy: CopySpec;
  readonly fingerprint: Fingerprint;
  /** By machine name. */
  readonly recipes: Readonly<Record<string, Recipe>>;
}

/**
 * Hash of all that went into a baseline: image, platform, machines, recipes, topology, layout. 16
 * hex digits.
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

/** In the order of these keys, whatever object it came in. */
function canonical({ packages, files, run }: Recipe): Recipe {
  return {
    packages,
    files: files.map(({ path, content, mode, owner }) => ({ path, content, mode, owner })),
    run,
  };
}

/** The machine as it was after its first boot, before anything was done to it. */
export const PRISTINE: SnapshotName = "pristine";

export function baselineSnapshot(id: string): SnapshotName {
  return `baseline-${id}`;
}
