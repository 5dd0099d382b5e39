import { expect, test } from "vitest-environment-vmrig";

test("rsync copies a tree from one machine to the other", async ({ pc1, pc2 }) => {
  await pc1.$`mkdir -p src && echo hello > src/a`;
  await pc1.$`rsync -a src/ ${pc2.address}:dst/`;
  await expect(pc2.file("dst/a")).toHaveText("hello\n");
});

test("a machine reaches the other one by its name", async ({ pc1 }) => {
  await pc1.$`ping -c 1 -W 5 pc2`;
});
