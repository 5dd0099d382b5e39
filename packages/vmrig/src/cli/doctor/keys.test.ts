import { readdir } from "node:fs/promises";
import { expect, test } from "vitest";
import { examineKeys } from "./keys.ts";
import { tempFolder } from "../../local-files/temp-folder.test.kit.ts";

test("a key is created privately and removed again", async () => {
  const runtime = await tempFolder();
  expect(await examineKeys({ runtime })).toEqual({
    what: "SSH keys",
    status: "ok",
    measured: "created with mode 600 in a folder with mode 700",
  });
  expect(await readdir(runtime)).toEqual([]);
});

test("a folder that cannot store a key is named", async () => {
  const runtime = "/nonexistent/vmrig";
  expect(await examineKeys({ runtime })).toMatchObject({
    what: "SSH keys",
    status: "fail",
    measured: expect.stringContaining("ENOENT"),
    fix: expect.stringContaining(runtime),
  });
});
