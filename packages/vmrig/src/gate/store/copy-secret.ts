import { randomBytes } from "node:crypto";
import type { Driver } from "../../driver/driver.ts";
import { secretOf, type SecretOptions } from "../../provision/state/secrets.ts";

/** Name of the secret among those of its copy. */
const NAME = "driver";
const BYTES = 32;

/**
 * Returns the secret of a copy, and creates it for the first run; `undefined` for a driver that
 * needs none.
 *
 * @throws VmrigError as {@link secretOf}
 */
export async function copySecret(
  driver: Driver,
  options: SecretOptions,
): Promise<string | undefined> {
  if (driver.needsSecret !== true) return undefined;
  return await secretOf(options, NAME, () => randomBytes(BYTES).toString("base64url"));
}
