import { createServer as createHttpServer } from "node:http";
import { connect, createServer, type AddressInfo, type Server } from "node:net";
import { text } from "node:stream/consumers";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest-environment-vmrig";

const NOW = new Date("2020-01-01T00:00:00Z");
const EVERYTHING = [
  "setTimeout",
  "clearTimeout",
  "setInterval",
  "clearInterval",
  "setImmediate",
  "clearImmediate",
  "queueMicrotask",
  "performance",
  "hrtime",
  "Date",
] as const;

async function listen(server: Server): Promise<number> {
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return (server.address() as AddressInfo).port;
}

describe.each([
  ["as Vitest fakes them by default", { now: NOW }],
  ["all of them", { now: NOW, toFake: [...EVERYTHING] }],
])("with fake timers, %s,", (_, options) => {
  beforeEach(() => void vi.useFakeTimers(options));
  afterEach(() => void vi.useRealTimers());

  test("the test itself has its own time", () => {
    expect(new Date().getUTCFullYear()).toBe(2020);
  });

  test("a wait that fails reports the real time", async ({ pc1 }) => {
    await expect(pc1.waitForFile("/nowhere", { timeout: "1s" })).rejects.toThrow(/Waited 1\.\d s/);
  });

  test("fetch() resolves for a server that closes the connection", async ({ pc1 }) => {
    const server = createHttpServer((_request, response) =>
      response.writeHead(200, { connection: "close" }).end("hello"),
    );
    const response = await pc1.fetch(`http://127.0.0.1:${await listen(server)}/`);
    expect(await response.text()).toBe("hello");
    server.close();
  });

  test("a forward ends when its server hangs up", async ({ pc1 }) => {
    const server = createServer((socket) => socket.end("bye"));
    await using forward = await pc1.forward(await listen(server));
    expect(await text(connect(forward.port, forward.host))).toBe("bye");
    server.close();
  });

  test("a shell shows its screen", async ({ pc1 }) => {
    await using shell = await pc1.shell({
      command: "printf 'Name: '; read name; echo \"hello $name\"",
    });
    await shell.waitForScreen("Name:");
    await shell.type("vmrig\r");
    await shell.waitForScreen("hello vmrig");
  });

  test("a connection survives when the test advances its time", async ({ pc1 }) => {
    const running = pc1.$`sleep 0.3; echo done`;
    await pc1.$`true`;
    vi.advanceTimersByTime(3_600_000);
    expect((await running).stdout).toBe("done");
  });

  test("a rollback passes", { meta: { vmrig: { rollback: "test" } } }, async ({ pc1 }) => {
    expect((await pc1.$`echo ready`).stdout).toBe("ready");
  });
});
