import { expect, test } from "vitest-environment-vmrig";

test("gets the machines of its own project's rig", async ({ pc1 }) => {
  expect((await pc1.$`echo $VMRIG_FAKE_DISK`).stdout).toContain("/others-1/");
});
