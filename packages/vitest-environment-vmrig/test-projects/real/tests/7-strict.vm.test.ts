import { describe, test } from "vitest-environment-vmrig";

describe("a test with strict", { meta: { vmrig: { strict: true } } }, () => {
  test("leaves nothing, although a service was restarted and a file came and went", async ({
    pc1,
    pc2,
  }) => {
    await pc1.$`ssh pc2 true`;
    await pc2.root.$`systemctl restart inbox && touch /etc/only-now && rm /etc/only-now`;
    await pc2.waitForUnit("inbox");
  });

  test("leaves a process, a changed file and a port", async ({ pc1, pc2 }) => {
    await pc1.$`nohup sleep 7655 > /dev/null 2>&1 < /dev/null &`;
    await pc1.root.file("/etc/hosts").append("10.77.0.99 unused\n");
    await pc2.$`nohup rsync --daemon --no-detach --config=/dev/null --port=7656 > /dev/null 2>&1 < /dev/null &`;
    await pc2.waitForPort(7656);
  });
});
