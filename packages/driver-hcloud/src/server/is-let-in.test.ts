import { spawn } from "node:child_process";
import { once } from "node:events";
import { connect, createServer, type AddressInfo } from "node:net";
import { expect, onTestFinished, test } from "vitest";
import { answersAt } from "./is-let-in.ts";

test("a port that accepts or refuses a connection answers", async () => {
  const server = createServer((socket) => socket.destroy()).listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  expect(await answersAt("127.0.0.1", port, 5_000)).toBe(true);
  server.close();
  await once(server, "close");
  expect(await answersAt("127.0.0.1", port, 5_000)).toBe(true);
});

/** A listener that is stopped, and has a queue of one connection. */
const STOPPED = `const server = require("node:net").createServer();
server.listen({ port: 0, host: "127.0.0.1", backlog: 1 }, () => console.log(server.address().port));`;

test("a port whose packets are dropped, as a firewall drops them, does not answer", async () => {
  const listener = spawn(process.execPath, ["-e", STOPPED], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  onTestFinished(() => void listener.kill("SIGKILL"));
  const [line] = (await once(listener.stdout, "data")) as [Buffer];
  const port = Number(String(line));
  listener.kill("SIGSTOP");
  // Its queue fills up, and from then on the kernel drops what arrives.
  const queued = Array.from({ length: 4 }, () => connect({ host: "127.0.0.1", port }));
  onTestFinished(() => queued.forEach((socket) => socket.destroy()));
  await once(queued[0] ?? expect.unreachable(), "connect");
  await expect.poll(() => answersAt("127.0.0.1", port, 500), { timeout: 10_000 }).toBe(false);
});
