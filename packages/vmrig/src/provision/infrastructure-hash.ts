import { createHash } from "node:crypto";
import type { CopySpec, Fingerprint } from "../driver/driver.ts";

/** Raised when this folder starts to write another stack for the same copy. */
const STACK_VERSION = 1;

/**
 * Hashes all that the plan of a copy depends on. While it stays the same, and the machines are
 * there, Terraform has nothing to do.
 *
 * @returns 64 hexadecimal digits
 */
export function infrastructureHash(copy: CopySpec, fingerprint: Fingerprint): string {
  return createHash("sha256")
    .update(canonical({ version: STACK_VERSION, copy, fingerprint }))
    .digest("hex");
}

/** JSON that does not depend on the order in which keys were written. */
function canonical(value: unknown): string {
  return JSON.stringify(value, (_key, part: unknown) =>
    typeof part === "object" && part !== null && !Array.isArray(part)
      ? Object.fromEntries(Object.entries(part).toSorted(([a], [b]) => (a < b ? -1 : 1)))
      : part,
  );
}
