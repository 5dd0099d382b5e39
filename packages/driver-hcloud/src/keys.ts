import { createHmac } from "node:crypto";
import { keyPairOf, VmrigError, type Authority, type KeyPair } from "vmrig/driver";

/**
 * Returns the key of gates for `root` on the machines of a copy. No file of a computer has it: each
 * run derives it from the secret of the copy.
 */
export function controlKey(secret: string): KeyPair {
  return derive(secret, "control key");
}

/**
 * Returns the host key of a machine's first boot. The user data contains it, which every process on
 * the machine can read, so it is replaced over the first connection.
 *
 * @param nonce of the machine's label `vmrig-boot`: a new one for each first boot
 */
export function firstHostKey(secret: string, nonce: string): KeyPair {
  return derive(secret, `first host key ${nonce}`);
}

/**
 * Returns the secret of the copy.
 *
 * @throws VmrigError `INTERNAL` if the caller has none
 */
export function secretIn({ secret }: Pick<Authority, "secret">): string {
  if (secret !== undefined) return secret;
  throw new VmrigError("INTERNAL", {
    message: "The driver hcloud was called without the secret of the copy.",
  });
}

/** A seed of ed25519 has 32 bytes, as HMAC-SHA256 has. The purpose keeps the keys apart. */
function derive(secret: string, purpose: string): KeyPair {
  return keyPairOf(createHmac("sha256", secret).update(`vmrig hcloud: ${purpose}`).digest());
}
