import { createHash, randomBytes } from "node:crypto";
import { once } from "node:events";
import type { Duplex } from "node:stream";
import { buffer, text } from "node:stream/consumers";
import type { Client } from "ssh2";
import { afterAll, beforeAll, expect, onTestFinished, test } from "vitest";
import { systemClock } from "../clock/clock.ts";
import { waitFor } from "../wait/wait-for.ts";
import { createReplyDeadlines } from "./reply-deadlines.ts";
import { dial } from "./dial.ts";
import { echo, startService, talk } from "./fixtures/service.test.kit.ts";
import { startSshd, type TestSshd } from "./fixtures/sshd.test.kit.ts";
import { handshake } from "./handshake.ts";
import type { Session } from "./session.ts";
import { tunnel } from "./tunnel.ts";

let server: TestSshd;
beforeAll(async () => {
  server = await startSshd();
});
afterAll(() => server?.[Symbol.asyncDispose]());

const MIB = 1024 * 1024;
const hash = (bytes: Uint8Array): string => createHash("sha256").update(bytes).digest("hex");

interface CountedConnection {
  readonly client: Client;
  open(port: number): Promise<Duplex>;
  /** Returns the number of channels that ssh2 has open. */
  channels(): number;
}

/** Opens a connection whose channels can be counted. */
async function openCounted(): Promise<CountedConnection> {
  const shaken = await handshake(server.target, {
    name: "pc1",
    clock: systemClock,
    signal: new AbortController().signal,
  });
  if ("seen" in shaken) throw new Error(shaken.seen);
  const { client } = shaken.value;
  const closed = new AbortController();
  client.on("error", () => {});
  client.on("close", () => closed.abort(new Error("the connection was lost")));
  onTestFinished(() => void client.destroy());
  const session: Session = {
    client,
    name: "pc1",
    clock: systemClock,
    closed: closed.signal,
    answers: createReplyDeadlines(systemClock, 1000, closed.signal),
    received: () => 0,
    drop: (error) => closed.abort(error),
    hungUp: () => false,
  };
  return {
    client,
    open: (port) => tunnel(session, { host: "127.0.0.1", port }),
    channels: () =>
      (client as unknown as { readonly _chanMgr: { readonly _count: number } })._chanMgr._count,
  };
}

const none = (what: string, count: () => number): Promise<unknown> =>
  waitFor({
    what,
    timeoutMs: 10_000,
    intervalMs: 20,
    probe: async () => (count() === 0 ? { value: true } : { seen: `${count()}` }),
  });

test("carries 16 MiB of random bytes in both directions at once to a slow reader", async () => {
  const { open } = await openCounted();
  const { port } = await startService(echo());
  const stream = await open(port);
  const sent = randomBytes(16 * MIB);
  const received = createHash("sha256");
  stream.end(sent);
  let most = 0;
  for await (const chunk of stream) {
    most = Math.max(most, stream.readableLength);
    received.update(chunk as Buffer);
    await new Promise(setImmediate);
  }
  expect(received.digest("hex")).toBe(hash(sent));
  expect(most).toBeLessThan(2 * MIB);
});

test("a service that does not read blocks its writer, and nothing else on the connection", async () => {
  const { open } = await openCounted();
  const hears: Array<() => void> = [];
  const deaf = await startService(
    talk((socket) => void hears.push(() => socket.on("end", () => socket.end()).resume())),
  );
  const other = await startService(echo());
  const stuck = await open(deaf.port);
  const chunk = Buffer.alloc(MIB);
  let taken = 0;
  const push = (): void => {
    stuck.write(chunk, (error) => {
      if (error !== null && error !== undefined) return;
      taken += 1;
      if (taken < 64) push();
    });
  };
  push();
  const stream = await open(other.port);
  stream.end("through");
  expect(await text(stream)).toBe("through");
  expect(taken).toBeLessThan(64);
  stuck.destroy();
  for (const hear of hears) hear();
  await deaf.quiet();
});

test("either side may end its half first while the other side continues", async () => {
  const { open } = await openCounted();
  const answersLast = await startService(
    talk((socket) => void buffer(socket).then((all) => socket.end(`got ${all.length}`))),
  );
  const first = await open(answersLast.port);
  first.end(Buffer.alloc(100_000));
  expect(await text(first)).toBe("got 100000");

  const heard = Promise.withResolvers<string>();
  const speaksFirst = await startService(
    talk((socket) => {
      socket.end("hello");
      heard.resolve(text(socket));
    }),
  );
  const second = await open(speaksFirst.port);
  expect(await text(second)).toBe("hello");
  second.end("and goodbye");
  expect(await heard.promise).toBe("and goodbye");
});

test("a lost connection is not a regular end: the stream fails with the reason", async () => {
  const { open, client } = await openCounted();
  const { port } = await startService(talk((socket) => void socket.write("half of it")));
  const stream = await open(port);
  await once(stream, "data");
  const ended = Promise.race([
    once(stream, "end").then(() => "ended"),
    once(stream, "close").then(() => "closed"),
  ]);
  client.destroy();
  await expect(ended).rejects.toThrow("the connection was lost");
  expect(stream.readableEnded).toBe(false);
});

test("a write to a service that is gone fails", async () => {
  const { open } = await openCounted();
  const { port } = await startService(
    talk((socket) => void socket.once("data", () => socket.resetAndDestroy())),
  );
  const stream = await open(port);
  stream.resume();
  const failed = once(stream, "error");
  const push = (): void =>
    void stream.write(Buffer.alloc(MIB), (error) =>
      error === null || error === undefined ? push() : undefined,
    );
  push();
  expect(await failed).toMatchObject([{ code: "EPIPE" }]);
  expect(stream.destroyed).toBe(true);
});

test("leaves no channel open, in whichever way a stream ends", async () => {
  const { open, channels } = await openCounted();
  const back = await startService(echo());
  const chatty = await startService(
    talk((socket) => {
      socket.write(Buffer.alloc(4 * MIB));
      socket.on("end", () => socket.end()).resume();
    }),
  );
  // The service resets only after the first data: sshd would report an earlier reset as a refusal.
  const reset = await startService(
    talk((socket) => void socket.once("data", () => socket.resetAndDestroy())),
  );
  const ways: Array<() => Promise<unknown>> = [
    async () => text((await open(back.port)).end("x")),
    async () => (await open(back.port)).destroy(),
    async () => (await open(chatty.port)).destroy(),
    async () => {
      const stream = await open(chatty.port);
      await once(stream, "data");
      stream.destroy(new Error("enough")).on("error", () => {});
    },
    async () => {
      const stream = await open(reset.port);
      stream.on("error", () => {}).end("x");
      stream.resume();
    },
  ];
  for (const way of ways) await Promise.all(Array.from({ length: 30 }, way));
  await expect(open(1)).rejects.toThrow("connection refused");
  await none("the end of all channels", channels);
  await Promise.all([back, chatty, reset].map((service) => service.quiet()));
  expect(channels()).toBe(0);
});

test("many concurrent tunnels share one connection", async () => {
  await using connection = await dial(server.target, { name: "pc1" });
  const { port, quiet } = await startService(echo());
  const before = server.logins();
  const echoed = await Promise.all(
    Array.from({ length: 200 }, async (_, index) =>
      text((await connection.tunnel({ host: "127.0.0.1", port })).end(`${index}`)),
    ),
  );
  expect(echoed).toEqual(Array.from({ length: 200 }, (_, index) => `${index}`));
  expect(server.logins()).toBe(before);
  await quiet();
});
