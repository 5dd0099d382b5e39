import { randomBytes } from "node:crypto";
import { chmod, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { tempFolder } from "../../../local-files/temp-folder.test.kit.ts";
import { newCopy, write } from "../contract/harness.test.kit.ts";
import { testStateStore } from "../contract.test.kit.ts";
import type { StateStore } from "../state-store.ts";
import { fileStore } from "../stores/file/file-store.ts";
import { encryptedStore } from "./encrypted-store.ts";
import { parseStateKeys } from "./state-keys.ts";

const newKey = () => randomBytes(32).toString("base64");
const [OLD, NEW] = [newKey(), newKey()];
const withKeys = (store: StateStore, ...keys: readonly string[]) =>
  encryptedStore(store, { keys: keys.length === 0 ? [] : parseStateKeys(keys.join()) });

const shared = await mkdtemp(join(tmpdir(), "vmrig-test-"));
afterAll(() => rm(shared, { recursive: true, force: true }));
const open = async () => withKeys(fileStore({ folder: shared }), OLD);
testStateStore({
  open,
  async makeUnwritable({ rig, copy }) {
    await chmod(join(shared, rig, copy), 0o777);
    return await open();
  },
});

async function setUp() {
  const folder = await tempFolder();
  const plain = fileStore({ folder });
  const copy = newCopy();
  const pathOf = (version: number) => join(folder, copy.rig, copy.copy, `${version}.tfstate`);
  return { plain, copy, pathOf };
}

test("the store does not see the text, and two equal texts differ in it", async () => {
  const { plain, copy, pathOf } = await setUp();
  const store = withKeys(plain, OLD);
  for (const base of [0, 1]) await store.write(copy, write(base, 10, { text: "a secret" }));
  const [one, two] = [await readFile(pathOf(1), "utf8"), await readFile(pathOf(2), "utf8")];
  expect(one).not.toContain("secret");
  expect(one.split('"data":')[1]).not.toBe(two.split('"data":')[1]);
});

test("after a rotation both keys read, and the first one writes", async () => {
  const { plain, copy } = await setUp();
  await withKeys(plain, OLD).write(copy, write(0, 10, { text: "old" }));
  const both = withKeys(plain, NEW, OLD);
  expect((await both.read(copy))?.text).toBe("old");
  await both.write(copy, write(1, 10, { text: "new" }));
  expect((await withKeys(plain, NEW).claim(copy, 11)).outcome).toBe("claimed");
  await expect(withKeys(plain, OLD).read(copy)).rejects.toMatchObject({
    code: "STATE_KEY_MISSING",
    details: [expect.stringMatching(/VMRIG_STATE_KEY has [0-9a-f]{8}$/)],
  });
});

test("without a key an encrypted state is refused, and never reaches an engine", async () => {
  const { plain, copy } = await setUp();
  await withKeys(plain, OLD).write(copy, write(0, 10));
  await expect(withKeys(plain).claim(copy, 11)).rejects.toMatchObject({
    code: "STATE_KEY_MISSING",
    details: ["VMRIG_STATE_KEY has no key"],
  });
});

test("with a key a state in clear is refused, unless the key is new", async () => {
  const { plain, copy } = await setUp();
  await withKeys(plain).write(copy, write(0, 10, { text: "clear" }));
  await expect(withKeys(plain, OLD).read(copy)).rejects.toMatchObject({
    code: "STATE_KEY_MISSING",
    summary: expect.stringContaining("is not encrypted"),
  });
  const first = encryptedStore(plain, { keys: parseStateKeys(OLD), acceptClear: true });
  expect((await first.read(copy))?.text).toBe("clear");
});

test("the text of an older version or of another copy is refused in its place", async () => {
  const { plain, copy, pathOf } = await setUp();
  const store = withKeys(plain, OLD);
  await store.write(copy, write(0, 10, { text: "first" }));
  await store.write(copy, write(1, 10, { text: "second" }));
  const [facts] = (await readFile(pathOf(2), "utf8")).split("\n");
  const [, older] = (await readFile(pathOf(1), "utf8")).split("\n");
  await writeFile(pathOf(2), `${facts}\n${older}`);
  const lost = {
    code: "STATE_LOST",
    summary: expect.stringContaining("a copy of another version"),
  };
  await expect(store.claim(copy, 11)).rejects.toMatchObject(lost);

  const other = newCopy();
  await plain.write(other, write(0, 10, { text: older ?? "" }));
  await expect(store.read(other)).rejects.toMatchObject(lost);
});

test.each([
  ["its data", (text: string) => text.replace(/"data":"./, '"data":"+')],
  ["its tag", (text: string) => text.replace(/"tag":"..../, '"tag":"AAAA')],
  ["a short tag", (text: string) => text.replace(/"tag":"[^"]*"/, '"tag":"AAAA"')],
  ["its fields", (text: string) => text.replace('"nonce"', '"n"')],
])("a state with %s changed is refused", async (_, change) => {
  const { plain, copy, pathOf } = await setUp();
  const store = withKeys(plain, OLD);
  await store.write(copy, write(0, 10));
  const text = await readFile(pathOf(1), "utf8");
  expect(change(text)).not.toBe(text);
  await writeFile(pathOf(1), change(text));
  await expect(store.read(copy)).rejects.toMatchObject({ code: "STATE_LOST" });
});

test.each([["hunter2"], [""], [`${OLD},${"A".repeat(20)}`]])(
  "%j is no list of keys, and the error does not show it",
  (text) => {
    expect(() => parseStateKeys(text)).toThrow(
      expect.objectContaining({
        code: "CONFIG_INVALID",
        message: expect.not.stringMatching(/hunter2|AAAA/),
      }),
    );
  },
);
