import { expect, test } from "vitest-environment-vmrig";

test("starts from the baseline: nothing of the other file is left", async ({ pc1, pc2 }) => {
  expect(await pc1.file("photos").exists()).toBe(false);
  expect((await pc2.$`ls /srv/inbox`).stdout).toBe("");
});

test("machines know each other by name and log in without a prompt", async ({ pc1, pc2 }) => {
  expect((await pc1.$`ssh pc2 hostname`).stdout).toBe("pc2");
  expect((await pc2.$`ssh ${pc1.address} hostname`).stdout).toBe("pc1");
});
