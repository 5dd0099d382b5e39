import { chmod } from "node:fs/promises";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { expect, onTestFinished, test } from "vitest";
import { freePort } from "./fixtures/free-port.test.kit.ts";
import { dial } from "./dial.ts";
import type { SshConnection } from "./ssh-connection.ts";
import { startSshd, type TestSshdOptions } from "./fixtures/sshd.test.kit.ts";
import { echo, startService } from "./fixtures/service.test.kit.ts";

async function connect(options?: TestSshdOptions): Promise<SshConnection> {
  const server = await startSshd(options);
  onTestFinished(() => server[Symbol.asyncDispose]());
  const connection = await dial(server.target, { name: "pc1" });
  onTestFinished(() => connection.close());
  return connection;
}

test("carries bytes in both directions to the machine's localhost", async () => {
  const connection = await connect();
  const { port } = await startService(echo());
  const tunnel = await connection.tunnel({ host: "localhost", port });
  tunnel.end("there and back");
  expect(await text(tunnel)).toBe("there and back");
});

test("a tunnel that the machine cannot open fails with the reason", async () => {
  const connection = await connect();
  await expect(
    connection.tunnel({ host: "127.0.0.1", port: await freePort() }),
  ).rejects.toMatchObject({
    message: "connection refused",
    forbidden: false,
  });
});

test("a tunnel that the machine's sshd forbids fails as forbidden", async () => {
  const connection = await connect({ forwarding: false });
  await expect(
    connection.tunnel({ host: "127.0.0.1", port: await freePort() }),
  ).rejects.toMatchObject({ forbidden: true });
});

test("a tunnel on an ended connection fails as not started", async () => {
  const connection = await connect();
  await connection.close();
  await expect(connection.tunnel({ host: "127.0.0.1", port: 1 })).rejects.toMatchObject({
    code: "CONNECTION_LOST",
    started: false,
  });
});

test("connects to a unix socket, and fails when no process listens on it", async () => {
  const server = await startSshd();
  onTestFinished(() => server[Symbol.asyncDispose]());
  const connection = await dial(server.target, { name: "pc1" });
  onTestFinished(() => connection.close());
  const path = join(server.folder, "app.sock");
  await expect(connection.tunnel({ path })).rejects.toMatchObject({
    message: "open failed",
    forbidden: false,
  });
  await startService(echo(), { path });
  await chmod(path, 0o777);
  const tunnel = await connection.tunnel({ path });
  tunnel.end("there and back");
  expect(await text(tunnel)).toBe("there and back");
});

test("an aborted tunnel is closed when it opens", async () => {
  const connection = await connect();
  const service = await startService(echo());
  const abort = new AbortController();
  const tunnel = connection.tunnel({ host: "127.0.0.1", port: service.port }, abort.signal);
  const reason = new Error("enough");
  abort.abort(reason);
  await expect(tunnel).rejects.toBe(reason);
  (await connection.tunnel({ host: "127.0.0.1", port: service.port })).destroy();
  await service.quiet();
  expect(service.open()).toBe(0);
});
