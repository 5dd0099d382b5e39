import { expect, test } from "vitest-environment-vmrig";
import { filesOfThisWorker } from "../files-of-this-worker.ts";

filesOfThisWorker().push("share-1");

test("leaves a file on both machines", async ({ pc1, pc2 }) => {
  await Promise.all([pc1, pc2].map((pc) => pc.file("left").write("by the first file")));
});

test("sees what the test before it left", async ({ pc1, pc2 }) => {
  expect(await pc1.file("left").text()).toBe("by the first file");
  expect(await pc2.file("left").text()).toBe("by the first file");
});
