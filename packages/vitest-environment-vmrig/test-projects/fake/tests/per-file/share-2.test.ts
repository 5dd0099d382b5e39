import { expect, test } from "vitest-environment-vmrig";
import { filesOfThisWorker } from "../files-of-this-worker.ts";

test("sees nothing of the file before it", async ({ pc1, pc2 }) => {
  expect(await pc1.file("left").exists()).toBe(false);
  expect(await pc2.file("left").exists()).toBe(false);
});

test("runs in the worker of the file before it", () => {
  expect(filesOfThisWorker()).toContain("share-1");
});
