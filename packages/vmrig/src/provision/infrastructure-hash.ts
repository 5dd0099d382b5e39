import { createHash } from "node:crypto";
import type { CopySpec, Driver, Fingerprint } from "../driver/driver.ts";
import type { LocalResource } from "../driver/rig-stack.ts";

/** Increase it when this folder writes a different stack for an identical copy. */
const STACK_VERSION = 2;

/**
 * Hashes everything that the plan of a copy depends on. While the hash is unchanged and the
 * machines exist, Terraform has nothing to do.
 *
 * @param locality of the driver: the folders of a copy differ from computer to computer
 * @returns 64 hexadecimal digits
 */
export function infrastructureHash(
  copy: CopySpec,
  fingerprint: Fingerprint,
  locality: Driver["locality"],
): string {
  const { folder, runtimeFolder, cacheFolder, ...everywhere } = copy;
  const here = locality === "shared" ? {} : { folder, runtimeFolder, cacheFolder };
  return hashOf({ version: STACK_VERSION, copy: { ...everywhere, ...here }, fingerprint });
}

/** Hashes the values that a resource is replaced on: the second part of a machine's origin. */
export function valuesHash(replaceOn: LocalResource["replaceOn"]): string {
  return hashOf(replaceOn);
}

function hashOf(value: unknown): string {
  return createHash("sha256").update(canonical(value)).digest("hex");
}

/** Returns JSON that does not depend on the order of keys. */
function canonical(value: unknown): string {
  return JSON.stringify(value, (_key, part: unknown) =>
    typeof part === "object" && part !== null && !Array.isArray(part)
      ? Object.fromEntries(Object.entries(part).toSorted(([a], [b]) => (a < b ? -1 : 1)))
      : part,
  );
}
