import { createServer, type Socket } from "node:net";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { connectGate } from "./client.ts";
import { tempFolder } from "../gate/socket.test.kit.ts";

/** A gate that says what it should not. */
async function listen(onClient: (socket: Socket) => void): Promise<string> {
  const path = join(await tempFolder(), "gate");
  const sockets: Socket[] = [];
  const server = createServer((socket) => {
    sockets.push(socket);
    socket.on("error", () => {});
    onClient(socket);
  });
  await new Promise<void>((resolve) => server.listen(path, resolve));
  onTestFinished(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  return path;
}

test("an answer that makes no sense ends the connection, and says so", async () => {
  const path = await listen((socket) => socket.once("data", () => socket.write('{"id":1,"ok":\n')));
  const client = await connectGate(path);
  onTestFinished(() => client.close());
  await expect(client.hello()).rejects.toMatchObject({
    code: "GATE_LOST",
    cause: expect.any(SyntaxError),
  });
});

test("a grant that is none is refused", async () => {
  const path = await listen((socket) =>
    socket.once("data", () => socket.write('{"id":1,"ok":{"claim":"c"}}\n')),
  );
  const client = await connectGate(path);
  onTestFinished(() => client.close());
  await expect(client.claim("file")).rejects.toThrow(/copy/);
});

test("a notice that comes in one piece with the grant, before it, is not missed", async () => {
  const lost = {
    notice: "lost",
    claim: "c",
    error: { name: "VmrigError", code: "LEASE_LOST", message: "Taken.", details: [] },
  };
  const ok = {
    claim: "c",
    copy: "pcs-1",
    fence: 1,
    fresh: true,
    baseline: "b",
    guest: "linux",
    nonce: "n",
    machines: [],
  };
  const path = await listen((socket) =>
    socket.once("data", () =>
      socket.write(`${JSON.stringify(lost)}\n${JSON.stringify({ id: 1, ok })}\n`),
    ),
  );
  const client = await connectGate(path);
  onTestFinished(() => client.close());
  const { claim } = await client.claim("file");
  expect(await new Promise((resolve) => client.onLost(claim, resolve))).toMatchObject({
    code: "LEASE_LOST",
    message: "Taken.",
  });
});

test("a client that is closed has lost the gate", async () => {
  const client = await connectGate(await listen(() => {}));
  const waiting = client.hello();
  client.close();
  await expect(waiting).rejects.toMatchObject({ code: "GATE_LOST" });
  await expect(client.hello()).rejects.toMatchObject({ code: "GATE_LOST" });
});
