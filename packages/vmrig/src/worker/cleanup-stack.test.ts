import { expect, test } from "vitest";
import { createCleanupStack } from "./cleanup-stack.ts";

test("a part's clean-up runs at its end, the last function first; the rest runs at the end of the file", async () => {
  const cleanups = createCleanupStack();
  const did: string[] = [];
  const work = (name: string) => async (): Promise<void> => void did.push(name);
  cleanups.add(work("file"));
  const end = cleanups.begin();
  cleanups.add(work("first"));
  cleanups.add(work("last"));
  await end();
  expect(did).toEqual(["last", "first"]);
  cleanups.add(work("late"));
  await cleanups.done();
  await cleanups.done();
  expect(did).toEqual(["last", "first", "late", "file"]);
});

test("a failing clean-up stops no other clean-up, and is thrown at the end", async () => {
  const cleanups = createCleanupStack();
  const did: string[] = [];
  const end = cleanups.begin();
  cleanups.add(async () => void did.push("first"));
  cleanups.add(() => Promise.reject(new Error("busy")));
  await expect(end()).rejects.toThrow("busy");
  expect(did).toEqual(["first"]);
});
