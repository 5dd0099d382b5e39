import { expect, test } from "vitest-environment-vmrig";

test("it is set back", async ({ pc1 }) => {
  expect((await pc1.root.$`sysctl -n kernel.kexec_load_disabled`).stdout).toBe("0");
});

test("leaves a machine that accepts no connection", async ({ pc1 }) => {
  await pc1.root.$`systemctl stop ssh.service`;
  expect((await pc1.root.$({ reject: false })`systemctl is-active ssh.service`).stdout).toBe(
    "inactive",
  );
});
