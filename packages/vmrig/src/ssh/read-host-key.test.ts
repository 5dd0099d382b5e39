import { once } from "node:events";
import { createServer, type AddressInfo } from "node:net";
import { expect, onTestFinished, test } from "vitest";
import { startSshd } from "./fixtures/sshd.test.kit.ts";
import { freePort } from "./fixtures/free-port.test.kit.ts";
import { readHostKey } from "./read-host-key.ts";

test("returns the host key of a server without a login", async () => {
  await using sshd = await startSshd();
  const { host, port, hostKey } = sshd.target;
  await expect(readHostKey({ host, port, name: "rescue", timeoutMs: 20_000 })).resolves.toBe(
    hostKey,
  );
  expect(sshd.logins()).toBe(0);
});

test("waits for a server that does not listen yet", async () => {
  const port = await freePort();
  const key = readHostKey({ host: "127.0.0.1", port, name: "rescue", timeoutMs: 20_000 });
  await using sshd = await startSshd({ port });
  await expect(key).resolves.toBe(sshd.target.hostKey);
});

test("reports what it saw at the deadline", async () => {
  const silent = createServer().listen(0, "127.0.0.1");
  await once(silent, "listening");
  onTestFinished(() => void silent.close());
  const { port } = silent.address() as AddressInfo;
  await expect(
    readHostKey({ host: "127.0.0.1", port, name: "rescue", timeoutMs: 300 }),
  ).rejects.toMatchObject({
    code: "MACHINE_UNREACHABLE",
    summary: expect.stringContaining("no reply from an SSH server"),
  });
});
