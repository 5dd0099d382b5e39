import { once } from "node:events";
import { connect, createServer, type AddressInfo, type Socket } from "node:net";
import { expect, onTestFinished, test } from "vitest";
import { readFrames, writeFrame } from "./frame-stream.ts";

async function connectedPair(): Promise<{ readonly here: Socket; readonly there: Socket }> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const here = connect((server.address() as AddressInfo).port, "127.0.0.1");
  const [there] = (await once(server, "connection")) as [Socket];
  onTestFinished(() => {
    here.destroy();
    there.destroy();
    server.close();
  });
  return { here, there };
}

test("frames arrive whole, however the stream is cut", async () => {
  const { here, there } = await connectedPair();
  const frames: string[] = [];
  const { promise, resolve } = Promise.withResolvers<void>();
  readFrames(there, (frame) => {
    frames.push(frame.toString());
    if (frames.length === 3) resolve();
  });
  for (const byte of [0, 0, 0, 3, 111, 110, 101]) {
    here.write(Buffer.from([byte]));
    await once(there, "data");
  }
  writeFrame(here, Buffer.from("two"));
  writeFrame(here, Buffer.from("three"));
  await promise;
  expect(frames).toEqual(["one", "two", "three"]);
});

test("a length that no frame has ends the connection", async () => {
  const { here, there } = await connectedPair();
  const frames: Buffer[] = [];
  readFrames(there, (frame) => frames.push(frame));
  const closed = once(there, "close");
  here.write(Buffer.from([255, 255, 255, 255, 1]));
  await closed;
  expect(frames).toEqual([]);
});
