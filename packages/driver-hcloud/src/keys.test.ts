import { expect, test } from "vitest";
import { controlKey, firstHostKey, secretIn } from "./keys.ts";

test("a secret always gives the same keys, a different one per purpose and nonce", () => {
  const { publicKey } = controlKey("secret");
  expect(controlKey("secret").publicKey).toBe(publicKey);
  const keys = [
    publicKey,
    controlKey("other").publicKey,
    firstHostKey("secret", "1").publicKey,
    firstHostKey("secret", "2").publicKey,
    firstHostKey("other", "1").publicKey,
  ];
  expect(new Set(keys).size).toBe(keys.length);
  expect(keys.every((key) => /^ssh-ed25519 [\w+/]{68}$/.test(key))).toBe(true);
});

test("a call without the secret is a fault of vmrig", () => {
  expect(() => secretIn({})).toThrow("without the secret of the copy");
});
