import { expect, test } from "vitest-environment-vmrig";

test("the machine is reached in real time", async ({ pc1 }) => {
  expect(new Date().getUTCFullYear()).toBe(2020);
  await expect(pc1.waitForFile("/nowhere", { timeout: "1s" })).rejects.toThrow(/Waited 1\.\d s/);
});
