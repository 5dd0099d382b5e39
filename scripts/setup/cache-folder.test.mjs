import { homedir } from "node:os";
import { join, resolve } from "node:path";
import { expect, test } from "vitest";
import { cacheFolder, fromHere } from "./cache-folder.mjs";

test("prefers VMRIG_CACHE, then the XDG folder, then ~/.cache; an empty variable counts as unset", () => {
  expect(cacheFolder({ VMRIG_CACHE: "/a", XDG_CACHE_HOME: "/b" })).toBe("/a");
  expect(cacheFolder({ VMRIG_CACHE: "", XDG_CACHE_HOME: "/b" })).toBe("/b/vmrig");
  expect(cacheFolder({ XDG_CACHE_HOME: "" })).toBe(join(homedir(), ".cache/vmrig"));
});

test("a relative XDG folder counts as unset, as in vmrig itself", () => {
  expect(cacheFolder({ XDG_CACHE_HOME: "b" })).toBe(join(homedir(), ".cache/vmrig"));
});

test("a relative folder is the same folder in every task, wherever the task runs", () => {
  expect(fromHere({ VMRIG_CACHE: "a", VMRIG_HOME: "", OTHER: "b" })).toEqual({
    VMRIG_CACHE: resolve("a"),
    VMRIG_HOME: "",
    OTHER: "b",
  });
});
