import { createHash } from "node:crypto";
import type { CopySpec, Fingerprint } from "../driver/driver.ts";

/** Increase it when this folder writes a different stack for an identical copy. */
const STACK_VERSION = 1;

/**
 * Hashes everything that the plan of a copy depends on. While the hash is unchanged and the
 * machines exist, Terraform has nothing to do.
 *
 * @returns 64 hexadecimal digits
 */
export function infrastructureHash(copy: CopySpec, fingerprint: Fingerprint): string {
  return createHash("sha256")
    .update(canonical({ version: STACK_VERSION, copy, fingerprint }))
    .digest("hex");
}

/** Returns JSON that does not depend on the order of keys. */
function canonical(value: unknown): string {
  return JSON.stringify(value, (_key, part: unknown) =>
    typeof part === "object" && part !== null && !Array.isArray(part)
      ? Object.fromEntries(Object.entries(part).toSorted(([a], [b]) => (a < b ? -1 : 1)))
      : part,
  );
}
