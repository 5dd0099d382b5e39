import { expect, test } from "vitest-environment-vmrig";
import { filesOfThisWorker } from "../files-of-this-worker.ts";

test("sees nothing of the file before it", async ({ pc1 }) => {
  expect(await pc1.file("left").exists()).toBe(false);
});

test("has a worker of its own", () => {
  expect(filesOfThisWorker()).toEqual([]);
});
