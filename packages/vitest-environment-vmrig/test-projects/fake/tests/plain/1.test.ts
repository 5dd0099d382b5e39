import { isMainThread } from "node:worker_threads";
import { expect, test } from "vitest-environment-vmrig";
import { filesOfThisWorker } from "../files-of-this-worker.ts";

filesOfThisWorker().push("1");

test("leaves a file", async ({ pc1 }) => {
  await pc1.file("left").write("");
  expect((await pc1.$`ls left`).stdout).toBe("left");
});

test("has the config's pool and timeout", ({ task }) => {
  expect(isMainThread).toBe(false);
  expect(task.timeout).toBe(12_345);
});
