import { randomBytes } from "node:crypto";
import { expect, test } from "vitest";
import { person } from "../../lease/fixtures/holders.ts";
import { tempFolder } from "../../local-files/temp-folder.test.kit.ts";
import { encryptedStore } from "../../provision/state/encryption/encrypted-store.ts";
import { parseStateKeys } from "../../provision/state/encryption/state-keys.ts";
import { secretOf } from "../../provision/state/secrets.ts";
import type { StateStore } from "../../provision/state/state-store.ts";
import { fileStore } from "../../provision/state/stores/file/file-store.ts";
import { copySecrets } from "./copy-secrets.ts";

const copy = { rig: "pcs", copy: "pcs-1" };
const keys = parseStateKeys(randomBytes(32).toString("base64"));
const run = { copy, fence: 10, by: person("alice") };
const openPlain = async (): Promise<StateStore> => fileStore({ folder: await tempFolder() });
const secret = (store: StateStore, name: string, value = "") =>
  secretOf({ ...run, store: encryptedStore(store, { keys }) }, name, () => value);
const copyBetween = (from: StateStore, to: StateStore) =>
  copySecrets({
    ...run,
    from: encryptedStore(from, { keys }),
    to: encryptedStore(to, { keys }),
  });

test("secrets move with the state, and stay encrypted", async () => {
  const [from, to] = [await openPlain(), await openPlain()];
  expect(await copyBetween(from, to)).toBe(false);
  await secret(from, "control-key", "PRIVATE");
  expect(await copyBetween(from, to)).toBe(true);
  expect(await secret(to, "control-key")).toBe("PRIVATE");
  const stored = await to.read({ rig: "pcs", copy: "pcs-1.secrets" });
  expect(stored?.text).not.toContain("PRIVATE");
  // Again, and back after another secret was created.
  expect(await copyBetween(from, to)).toBe(true);
  await secret(to, "second", "TWO");
  expect(await copyBetween(to, from)).toBe(true);
  expect(await secret(from, "second")).toBe("TWO");
});

test("a store with other secrets is refused, and keeps them", async () => {
  const [from, to] = [await openPlain(), await openPlain()];
  await secret(from, "control-key", "ONE");
  await secret(to, "control-key", "OTHER");
  await expect(copyBetween(from, to)).rejects.toMatchObject({ code: "STATE_UNWRITABLE" });
  expect(await secret(to, "control-key")).toBe("OTHER");
});
