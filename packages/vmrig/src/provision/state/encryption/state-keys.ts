import { createHash } from "node:crypto";
import { VmrigError } from "../../../errors/vmrig-error.ts";

/** Key of 256 bits that encrypts states. */
export interface StateKey {
  /** Stored with each state, so that the right one of several keys is used. Not secret. */
  readonly id: string;
  readonly key: Buffer;
}

/**
 * Parses the value of `VMRIG_STATE_KEY`: keys of 32 bytes in base64, separated by commas. The first
 * encrypts. The others only decrypt what was encrypted before a rotation.
 *
 * @throws VmrigError `CONFIG_INVALID`. The message does not show the value
 */
export function parseStateKeys(text: string): readonly StateKey[] {
  return text.split(",").map((part, i) => {
    const key = Buffer.from(part.trim(), "base64");
    if (key.length !== 32) {
      throw new VmrigError("CONFIG_INVALID", {
        message: `Key ${i + 1} in VMRIG_STATE_KEY has ${key.length} bytes instead of 32.`,
        hint: "create a key with `openssl rand -base64 32`",
      });
    }
    const id = createHash("sha256").update("vmrig state key\n").update(key).digest("hex");
    return { id: id.slice(0, 8), key };
  });
}
