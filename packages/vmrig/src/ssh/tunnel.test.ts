import { createServer } from "node:net";
import { text } from "node:stream/consumers";
import { expect, onTestFinished, test } from "vitest";
import { dial, type Connection } from "./connection.ts";
import { freePort, startSshd, type TestSshdOptions } from "./fixtures/sshd.test.kit.ts";

async function connect(options?: TestSshdOptions): Promise<Connection> {
  const server = await startSshd(options);
  onTestFinished(() => server[Symbol.asyncDispose]());
  const connection = await dial(server.target, { name: "pc1" });
  onTestFinished(() => connection.close());
  return connection;
}

test("carries bytes both ways to what the machine calls localhost", async () => {
  const connection = await connect();
  const echo = createServer({ allowHalfOpen: true }, (socket) => void socket.pipe(socket));
  await new Promise<void>((resolve) => echo.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => void echo.close());
  const address = echo.address();
  const tunnel = await connection.tunnel("localhost", typeof address === "object" && address !== null ? address.port : 0);
  tunnel.end("there and back");
  expect(await text(tunnel)).toBe("there and back");
});

test("that the machine cannot make says why", async () => {
  const connection = await connect();
  await expect(connection.tunnel("127.0.0.1", await freePort())).rejects.toMatchObject({ message: "connection refused", forbidden: false });
});

test("that the machine's server forbids says so", async () => {
  const connection = await connect({ forwarding: false });
  await expect(connection.tunnel("127.0.0.1", await freePort())).rejects.toMatchObject({ forbidden: true });
});

test("on a connection that has ended fails as a command does that was not sent", async () => {
  const connection = await connect();
  await connection.close();
  await expect(connection.tunnel("127.0.0.1", 1)).rejects.toMatchObject({ code: "CONNECTION_LOST", started: false });
});
