import { createServer, type AddressInfo } from "node:net";
import { expect, test } from "vitest";
import { startService } from "../../ssh/fixtures/service.test.kit.ts";
import { createMachine } from "../create-machine.ts";
import { toDestination } from "./target.ts";

const of = "pc1.forward()";
const tunnel = { url: "", host: "127.0.0.1", port: 80, connections: 0, refused: undefined };

test.each([
  [80, { host: "localhost", port: 80 }],
  [
    { port: 80, host: undefined, path: undefined },
    { host: "localhost", port: 80 },
  ],
  [
    { port: 80, host: "[::1]" },
    { host: "::1", port: 80 },
  ],
  [tunnel, { host: "127.0.0.1", port: 80 }],
  [{ path: "/run/app.sock", port: 80 }, { path: "/run/app.sock" }],
])("%o leads to %o", (target, to) => {
  expect(toDestination(of, target)).toEqual(to);
});

test("the address of a server and a file of the machine are targets", async () => {
  const server = createServer();
  const { port } = await startService(server);
  expect(toDestination(of, server.address() as AddressInfo)).toEqual({ host: "localhost", port });
  const file = pc1.file("/run/app.sock");
  expect(toDestination(of, file)).toEqual({ path: "/run/app.sock" });
  await expect(pc1.reverse(80, file)).rejects.toThrow("unreachable here");
});

const pc1 = createMachine({
  name: "pc1",
  address: "10.77.0.11",
  user: "vmrig",
  connect: () => Promise.reject(new Error("unreachable here")),
});

test.each([
  [null, "must be a port, { port, host } or { path }, not null."],
  ["/run/app.sock", "must be a port, { port, host } or { path }, not a string."],
  [{ prot: 80 }, "The target of pc1.forward() has neither a port nor a path."],
  [[80], "The target of pc1.forward() has neither a port nor a path."],
  [{ port: "80" }, '"80" is not a port number.'],
  [{ port: 0 }, "0 is not a port to connect to."],
  [{ port: 65_536 }, "65536 is not a port number."],
  [{ port: 80, host: null }, "must be a string, not null."],
  [{ port: 80, host: "" }, "The host to connect to is empty."],
  [{ path: 80 }, "80 is not an absolute path of a unix socket."],
  [{ path: "app.sock" }, '"app.sock" is not an absolute path of a unix socket.'],
])("refuses the target %j", async (target, message) => {
  const refusal = { code: "COMMAND_INVALID", summary: expect.stringContaining(message) as string };
  await expect(pc1.forward(target as never)).rejects.toMatchObject(refusal);
});

test.each([
  [null, "pc1.reverse() listens on a port or { path }, not on null."],
  ["/run/app.sock", "pc1.reverse() listens on a port or { path }, not on a string."],
  [{ port: 80 }, "pc1.reverse() listens on a port or { path }, not on an object."],
  [{ path: "app.sock" }, '"app.sock" is not an absolute path of a unix socket.'],
])("refuses to listen on %j", async (at, summary) => {
  await expect(pc1.reverse(80, at as never)).rejects.toMatchObject({
    code: "COMMAND_INVALID",
    summary,
  });
});
