import { homedir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { cacheFolder } from "./cache-folder.mjs";

test("prefers VMRIG_CACHE, then the XDG folder, then ~/.cache; an empty variable is none", () => {
  expect(cacheFolder({ VMRIG_CACHE: "/a", XDG_CACHE_HOME: "/b" })).toBe("/a");
  expect(cacheFolder({ VMRIG_CACHE: "", XDG_CACHE_HOME: "/b" })).toBe("/b/vmrig");
  expect(cacheFolder({ XDG_CACHE_HOME: "" })).toBe(join(homedir(), ".cache/vmrig"));
});
