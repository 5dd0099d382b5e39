import { chmod, writeFile } from "node:fs/promises";
import { delimiter, join } from "node:path";
import { beforeEach, expect, test } from "vitest";
import { findRedisServer } from "./redis-binary.ts";
import { tempFolder } from "../local-files/temp-folder.test.kit.ts";

let folder: string;
beforeEach(async () => {
  folder = await tempFolder();
});

async function install(name: string, mode = 0o755): Promise<string> {
  await writeFile(join(folder, name), "");
  await chmod(join(folder, name), mode);
  return join(folder, name);
}

test("valkey-server is used when there is no redis-server", async () => {
  const valkey = await install("valkey-server");
  expect(findRedisServer(["/nonexistent", folder].join(delimiter))).toBe(valkey);
  const redis = await install("redis-server");
  expect(findRedisServer(folder)).toBe(redis);
});

test("without a server the error names the package to install and the variable for a shared Redis", async () => {
  await install("redis-server", 0o644);
  expect(() => findRedisServer(folder)).toThrow(
    expect.objectContaining({
      code: "REDIS_MISSING",
      hint: expect.stringMatching(
        /^(run `.+(redis|valkey).*`|install Redis or Valkey), or point VMRIG_REDIS_URL to/,
      ),
    }),
  );
});
