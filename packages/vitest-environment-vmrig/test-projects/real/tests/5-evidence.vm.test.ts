import { expect, test } from "vitest-environment-vmrig";

test("a service that does not start", async ({ pc1 }) => {
  await pc1.root
    .file("/etc/systemd/system/greeter.service")
    .write(
      "[Service]\nType=oneshot\nExecStart=/bin/sh -c 'echo greeter has no greeting; exit 3'\n",
    );
  await pc1.root.$({ reject: false })`systemctl start greeter`;
  await pc1.waitForUnit("greeter");
});

test("a guest whose kernel panics", async ({ pc1, pc2 }) => {
  await pc2.$`echo pc2 lives`;
  await pc1.root
    .$`sh -c ${"sleep 0.5; echo c > /proc/sysrq-trigger"} > /dev/null 2>&1 < /dev/null &`;
  expect(await pc1.waitForConsole(/Kernel panic/)).toBe("not seen again");
});
