import { createServer } from "node:http";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { startService } from "../ssh/fixtures/service.test.kit.ts";
import { loadWithRealTime } from "./load-with-real-time.ts";

// Loaded while the timers are fake, as a test that first fetches in its body does.
beforeEach(() => void vi.useFakeTimers({ toNotFake: ["nextTick"] }));
afterEach(() => void vi.useRealTimers());

test("a client of HTTP that closes its connections ends its responses", async () => {
  const server = createServer((_, response) =>
    response.writeHead(200, { connection: "close" }).end("hello"),
  );
  const { port } = await startService(server);
  const { fetch } = loadWithRealTime("undici") as typeof import("undici");
  const response = await fetch(`http://127.0.0.1:${port}/`);
  expect(await response.text()).toBe("hello");
});

test("a terminal shows what is written to it", async () => {
  const { Terminal } = loadWithRealTime("@xterm/headless") as typeof import("@xterm/headless");
  const terminal = new Terminal({ allowProposedApi: true });
  await new Promise<void>((resolve) => terminal.write("hello", resolve));
  expect(terminal.buffer.active.getLine(0)?.translateToString(true)).toBe("hello");
});

test("a package is loaded once, apart from the instance of the test", async () => {
  const own = loadWithRealTime("undici") as typeof import("undici");
  expect(loadWithRealTime("undici")).toBe(own);
  const { Agent } = await import("undici");
  expect(Agent).not.toBe(own.Agent);
});
