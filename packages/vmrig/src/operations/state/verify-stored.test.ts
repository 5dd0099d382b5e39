import { expect, test } from "vitest";
import { tempFolder } from "../../local-files/temp-folder.test.kit.ts";
import { write } from "../../provision/state/contract/harness.test.kit.ts";
import { fileStore } from "../../provision/state/stores/file/file-store.ts";
import { verifyStored } from "./verify-stored.ts";

test("a store that does not return what was written to it is detected", async () => {
  const folder = await tempFolder();
  const store = fileStore({ folder });
  const copy = { rig: "pcs", copy: "pcs-1" };
  await expect(verifyStored(store, { copy, text: "a" })).rejects.toMatchObject({
    code: "STATE_UNWRITABLE",
  });
  await store.write(copy, { ...write(0, 10), text: "a" });
  await expect(verifyStored(store, { copy, text: "a" })).resolves.toBeUndefined();
  await expect(verifyStored(store, { copy, text: "b" })).rejects.toMatchObject({
    code: "STATE_UNWRITABLE",
  });
});
