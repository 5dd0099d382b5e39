import { once } from "node:events";
import { createServer, type AddressInfo } from "node:net";
import { expect, test } from "vitest";
import { takeAddressBlock } from "./address-block.ts";

const BLOCKS = ["127.9.1", "127.9.2"];

/** A port that is free at this moment. */
async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.9.1.0");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, "close");
  return port;
}

/** Picks the blocks one after the other. */
function inTurn(): () => string {
  const left = [...BLOCKS];
  return () => left.shift() ?? "127.9.3";
}

test("two doubles have different addresses, and a block is free again later", async () => {
  const port = await freePort();
  const first = await takeAddressBlock(inTurn(), port);
  await using second = await takeAddressBlock(inTurn(), port);
  expect([first.range, second.range]).toEqual(["127.9.1.0/24", "127.9.2.0/24"]);

  await first[Symbol.asyncDispose]();
  await using third = await takeAddressBlock(inTurn(), port);
  expect(third.range).toBe("127.9.1.0/24");
});

test("a program that listens on all addresses is named as the reason", async () => {
  const server = createServer().listen(0, "0.0.0.0");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  try {
    await expect(takeAddressBlock(inTurn(), port)).rejects.toThrow(
      `a program of this computer listens on port ${port} of all addresses`,
    );
  } finally {
    server.close();
  }
});
