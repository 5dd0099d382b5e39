import { connect, type NetConnectOpts } from "node:net";
import { stat } from "node:fs/promises";
import { join } from "node:path";
import { text as readAll } from "node:stream/consumers";
import { expect, onTestFinished, test } from "vitest";
import { freePort } from "./fixtures/free-port.test.kit.ts";
import { dial } from "./dial.ts";
import type { SshConnection } from "./ssh-connection.ts";
import { echo, startService } from "./fixtures/service.test.kit.ts";
import { startSshd, type TestSshd, type TestSshdOptions } from "./fixtures/sshd.test.kit.ts";

async function start(
  options?: TestSshdOptions,
): Promise<{ server: TestSshd; connection: SshConnection }> {
  const server = await startSshd(options);
  onTestFinished(() => server[Symbol.asyncDispose]());
  const connection = await dial(server.target, { name: "pc1" });
  onTestFinished(() => connection.close());
  return { server, connection };
}

const send = async (to: NetConnectOpts, text: string): Promise<string> =>
  readAll(connect(to).end(text));

test("the machine chooses a port, listens on it, and forwards each connection", async () => {
  const { connection } = await start();
  const { port = 0, close } = await connection.listen(
    { port: 0 },
    (stream) => void stream.pipe(stream),
  );
  expect(port).toBeGreaterThan(0);
  expect(
    await Promise.all([
      send({ port, host: "127.0.0.1" }, "one"),
      send({ port, host: "127.0.0.1" }, "two"),
    ]),
  ).toEqual(["one", "two"]);
  await close();
  await expect(send({ port, host: "127.0.0.1" }, "three")).rejects.toThrow("ECONNREFUSED");
});

test("several listeners run at a time, and each receives its own connections", async () => {
  const { connection } = await start();
  const listeners = await Promise.all(
    ["a", "b", "c"].map((name) =>
      connection.listen({ port: 0 }, (stream) => void stream.resume().end(name)),
    ),
  );
  expect(
    await Promise.all(listeners.map(({ port = 0 }) => send({ port, host: "127.0.0.1" }, ""))),
  ).toEqual(["a", "b", "c"]);
});

test("refuses an occupied port and a privileged port", async () => {
  const { connection } = await start();
  const { port } = await startService(echo());
  await expect(connection.listen({ port }, () => {})).rejects.toMatchObject({
    name: "ListenRefusedError",
  });
  await expect(connection.listen({ port: 80 }, () => {})).rejects.toMatchObject({
    name: "ListenRefusedError",
  });
});

test("a server that forbids forwarding refuses a port and a unix socket", async () => {
  const { server, connection } = await start({
    forwarding: false,
    config: "AllowStreamLocalForwarding no\n",
  });
  await expect(connection.listen({ port: 0 }, () => {})).rejects.toMatchObject({
    name: "ListenRefusedError",
  });
  await expect(
    connection.listen({ path: join(server.folder, "s") }, () => {}),
  ).rejects.toMatchObject({ name: "ListenRefusedError" });
});

test("only the user can connect to a unix socket, and closing the listener removes it", async () => {
  const { server, connection } = await start();
  const path = join(server.folder, "fake.sock");
  const { port, close } = await connection.listen({ path }, (stream) => void stream.pipe(stream));
  expect(port).toBeUndefined();
  expect((await stat(path)).mode & 0o777).toBe(0o600);
  expect(await send({ path }, "hello")).toBe("hello");
  await close();
  await expect(send({ path }, "late")).rejects.toThrow(/ECONNREFUSED|ENOENT/);
});

test("listening on an ended connection fails as not started", async () => {
  const { connection } = await start();
  await connection.close();
  await expect(connection.listen({ port: await freePort() }, () => {})).rejects.toMatchObject({
    code: "CONNECTION_LOST",
    started: false,
  });
});
