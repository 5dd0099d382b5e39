import { execFile } from "node:child_process";
import { createServer, type Socket } from "node:net";
import { join } from "node:path";
import { promisify } from "node:util";
import { expect, onTestFinished, test } from "vitest";
import { connectGate } from "./client.ts";
import { tempFolder } from "../local-files/temp-folder.test.kit.ts";

/** Listens as a gate that sends invalid messages. */
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

test("a reply that is not JSON ends the connection with GATE_LOST and its cause", async () => {
  const path = await listen((socket) => socket.once("data", () => socket.write('{"id":1,"ok":\n')));
  const client = await connectGate(path);
  onTestFinished(() => client.close());
  await expect(client.hello()).rejects.toMatchObject({
    code: "GATE_LOST",
    cause: expect.any(SyntaxError),
  });
});

test("an invalid grant is refused", async () => {
  const path = await listen((socket) =>
    socket.once("data", () => socket.write('{"id":1,"ok":{"claim":"c"}}\n')),
  );
  const client = await connectGate(path);
  onTestFinished(() => client.close());
  await expect(client.claim("file")).rejects.toThrow(/copy/);
});

test("a notice that arrives before the grant, in the same chunk, is not missed", async () => {
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

test("every call of a closed client fails with GATE_LOST", async () => {
  const client = await connectGate(await listen(() => {}));
  const waiting = client.hello();
  client.close();
  await expect(waiting).rejects.toMatchObject({ code: "GATE_LOST" });
  await expect(client.hello()).rejects.toMatchObject({ code: "GATE_LOST" });
});

test("half a line at the end of the connection is no cause of GATE_LOST", async () => {
  const path = await listen((socket) => socket.once("data", () => socket.end('{"id":1,"ok":')));
  const client = await connectGate(path);
  const error: unknown = await client.hello().catch((thrown: unknown) => thrown);
  expect(error).toMatchObject({ code: "GATE_LOST" });
  expect(error).not.toHaveProperty("cause");
});

test("a listener that throws ends the connection with GATE_LOST and its error", async () => {
  const over = {
    notice: "over",
    error: { name: "VmrigError", code: "LEASE_LOST", message: "Taken.", details: [] },
  };
  const path = await listen((socket) =>
    socket.once("data", () => socket.write(`${JSON.stringify(over)}\n`)),
  );
  const client = await connectGate(path);
  onTestFinished(() => client.close());
  const cause = new TypeError("oops");
  client.onOver(() => {
    throw cause;
  });
  await expect(client.hello()).rejects.toMatchObject({ code: "GATE_LOST", cause });
});

test("an idle client does not keep its process alive", async () => {
  const hello = JSON.stringify({
    rig: "pcs",
    machines: [],
    rollback: "file",
    strict: false,
    copies: 1,
    onBusy: "wait",
    evidence: { files: [], secrets: [], timeoutMs: 1 },
  });
  const path = await listen((socket) =>
    // The reply comes late: until then the client keeps the process alive.
    socket.once("data", () => setTimeout(() => socket.write(`{"id":1,"ok":${hello}}\n`), 300)),
  );
  const script = `
    import { connectGate } from ${JSON.stringify(new URL("client.ts", import.meta.url).href)};
    const client = await connectGate(${JSON.stringify(path)});
    console.log((await client.hello()).rig);
  `;
  const ended = promisify(execFile)(process.execPath, ["--input-type=module", "-e", script]);
  expect((await ended).stdout).toBe("pcs\n");
});
