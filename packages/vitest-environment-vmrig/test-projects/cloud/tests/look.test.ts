import { expect, test } from "vitest-environment-vmrig";

test("pc1 is at its baseline", async ({ pc1 }) => {
  expect((await pc1.$`hostname; ls -A /srv`).stdout).toBe("pc1");
  await pc1.root.$`touch /srv/used`;
});
