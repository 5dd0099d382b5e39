import { connect, type NetConnectOpts } from "node:net";
import { stat } from "node:fs/promises";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { expect, onTestFinished, test } from "vitest";
import { dial, type SshConnection } from "./connection.ts";
import { echo, startService } from "./fixtures/service.test.kit.ts";
import {
  freePort,
  startSshd,
  type TestSshd,
  type TestSshdOptions,
} from "./fixtures/sshd.test.kit.ts";

async function start(
  options?: TestSshdOptions,
): Promise<{ server: TestSshd; connection: SshConnection }> {
  const server = await startSshd(options);
  onTestFinished(() => server[Symbol.asyncDispose]());
  const connection = await dial(server.target, { name: "pc1" });
  onTestFinished(() => connection.close());
  return { server, connection };
}

const say = async (to: NetConnectOpts, words: string): Promise<string> =>
  text(connect(to).end(words));

test("the machine gives a port, listens on it, and passes on who connects", async () => {
  const { connection } = await start();
  const { port = 0, close } = await connection.listen(
    { port: 0 },
    (stream) => void stream.pipe(stream),
  );
  expect(port).toBeGreaterThan(0);
  expect(
    await Promise.all([
      say({ port, host: "127.0.0.1" }, "one"),
      say({ port, host: "127.0.0.1" }, "two"),
    ]),
  ).toEqual(["one", "two"]);
  await close();
  await expect(say({ port, host: "127.0.0.1" }, "three")).rejects.toThrow("ECONNREFUSED");
});

test("several listen at a time, and each gets its own", async () => {
  const { connection } = await start();
  const listeners = await Promise.all(
    ["a", "b", "c"].map((name) =>
      connection.listen({ port: 0 }, (stream) => void stream.resume().end(name)),
    ),
  );
  expect(
    await Promise.all(listeners.map(({ port = 0 }) => say({ port, host: "127.0.0.1" }, ""))),
  ).toEqual(["a", "b", "c"]);
});

test("a port that is taken, and one of root's, are refused", async () => {
  const { connection } = await start();
  const { port } = await startService(echo());
  await expect(connection.listen({ port }, () => {})).rejects.toMatchObject({
    name: "ListenRefusedError",
  });
  await expect(connection.listen({ port: 80 }, () => {})).rejects.toMatchObject({
    name: "ListenRefusedError",
  });
});

test("a server that forbids it says no to both", async () => {
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

test("a unix socket is its user's alone, and gone when it is closed", async () => {
  const { server, connection } = await start();
  const path = join(server.folder, "fake.sock");
  const { port, close } = await connection.listen({ path }, (stream) => void stream.pipe(stream));
  expect(port).toBeUndefined();
  expect((await stat(path)).mode & 0o777).toBe(0o600);
  expect(await say({ path }, "hello")).toBe("hello");
  await close();
  await expect(say({ path }, "late")).rejects.toThrow(/ECONNREFUSED|ENOENT/);
});

test("on a connection that has ended fails as one that was not asked", async () => {
  const { connection } = await start();
  await connection.close();
  await expect(connection.listen({ port: await freePort() }, () => {})).rejects.toMatchObject({
    code: "CONNECTION_LOST",
    started: false,
  });
});
