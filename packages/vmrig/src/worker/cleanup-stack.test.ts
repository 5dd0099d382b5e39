import { expect, test } from "vitest";
import { createEndings } from "./cleanup-stack.ts";

test("a part's work is done at its end, the last first, and the rest at the end of all", async () => {
  const endings = createEndings();
  const did: string[] = [];
  const work = (name: string) => async (): Promise<void> => void did.push(name);
  endings.add(work("file"));
  const end = endings.begin();
  endings.add(work("first"));
  endings.add(work("last"));
  await end();
  expect(did).toEqual(["last", "first"]);
  endings.add(work("late"));
  await endings.done();
  await endings.done();
  expect(did).toEqual(["last", "first", "late", "file"]);
});

test("what fails keeps nothing else from being done, and is told", async () => {
  const endings = createEndings();
  const did: string[] = [];
  const end = endings.begin();
  endings.add(async () => void did.push("first"));
  endings.add(() => Promise.reject(new Error("busy")));
  await expect(end()).rejects.toThrow("busy");
  expect(did).toEqual(["first"]);
});
