import { randomBytes } from "node:crypto";
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { person } from "../../lease/fixtures/holders.ts";
import { tempFolder } from "../../local-files/temp-folder.test.kit.ts";
import { encryptedStore } from "./encryption/encrypted-store.ts";
import { parseStateKeys } from "./encryption/state-keys.ts";
import { forgetSecrets, secretOf, type SecretOptions } from "./secrets.ts";
import type { StateStore } from "./state-store.ts";
import { fileStore } from "./stores/file/file-store.ts";

const keys = () => parseStateKeys(randomBytes(32).toString("base64"));
const never = (): string => {
  throw new Error("the secret exists");
};

interface SetUp {
  readonly folder: string;
  readonly plain: StateStore;
}

async function setUp(): Promise<SecretOptions & SetUp> {
  const folder = await tempFolder();
  const copy = { rig: "pcs", copy: "pcs-1" };
  const plain = fileStore({ folder });
  const store = encryptedStore(plain, { keys: keys() });
  return { folder, plain, store, copy, fence: 10, by: person("alice") };
}

test("a secret is created once, and every later run with the key gets it", async () => {
  const options = await setUp();
  expect(await secretOf(options, "control-key", () => "PRIVATE")).toBe("PRIVATE");
  expect(await secretOf(options, "other", () => "SECOND")).toBe("SECOND");
  const later = { ...options, fence: 11, by: person("bob") };
  expect(await secretOf(later, "control-key", never)).toBe("PRIVATE");
  expect(await secretOf(later, "other", never)).toBe("SECOND");
});

test("the machines after a destroy get other secrets, and those of other copies stay", async () => {
  const options = await setUp();
  const other = { ...options, copy: { rig: "pcs", copy: "pcs-2" } };
  for (const one of [options, other]) await secretOf(one, "control-key", () => "FIRST");
  const later = { ...options, fence: 11 };
  await forgetSecrets(later);
  await expect(secretOf(options, "control-key", never)).rejects.toMatchObject({ code: "FENCED" });
  expect(await secretOf(later, "control-key", () => "SECOND")).toBe("SECOND");
  expect(await secretOf(other, "control-key", never)).toBe("FIRST");
});

test("a copy without secrets has nothing to forget", async () => {
  const options = await setUp();
  await forgetSecrets(options);
  expect(await readdir(options.folder, { recursive: true })).toEqual([]);
});

test("no file contains a secret, and the state does not know it", async () => {
  const options = await setUp();
  await secretOf(options, "control-key", () => "PRIVATE");
  const entries = await readdir(options.folder, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile());
  expect(files.length).toBeGreaterThan(0);
  for (const { parentPath, name } of files)
    expect(await readFile(join(parentPath, name), "utf8")).not.toContain("PRIVATE");
  expect(await options.store.read(options.copy)).toBeUndefined();
});

test.each<[string, (options: SetUp) => Partial<SecretOptions>, string]>([
  [
    "without a key",
    ({ plain }) => ({ store: encryptedStore(plain, { keys: [] }) }),
    "STATE_KEY_MISSING",
  ],
  [
    "with another key",
    ({ plain }) => ({ store: encryptedStore(plain, { keys: keys() }) }),
    "STATE_KEY_MISSING",
  ],
  ["under an older lease", () => ({ fence: 9 }), "FENCED"],
])("%s a secret is neither read nor replaced", async (_, more, code) => {
  const options = await setUp();
  await secretOf(options, "control-key", () => "PRIVATE");
  await expect(
    secretOf({ ...options, ...more(options) }, "control-key", never),
  ).rejects.toMatchObject({ code });
  expect(await secretOf(options, "control-key", never)).toBe("PRIVATE");
});
