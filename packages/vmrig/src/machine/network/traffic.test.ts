import { once } from "node:events";
import { PassThrough, type Duplex } from "node:stream";
import { expect, test } from "vitest";
import { VmrigError } from "../../errors/vmrig-error.ts";
import { createTraffic, type Traffic } from "./traffic.ts";

function traffic(): Traffic {
  return createTraffic({
    name: "pc1",
    user: "vmrig",
    link: () => Promise.reject(new Error("no connection in this test")),
  });
}

const gone = async (): Promise<Duplex> => {
  const stream = new PassThrough();
  stream.destroy();
  await once(stream, "close");
  return stream;
};

test("a tunnel that is lost while it opens closes the client's connection and blocks no other", async () => {
  const ways = traffic();
  const near = new PassThrough();
  const ended = once(near, "close");
  await ways.carry(near, gone);
  await ended;
  expect(ways.open).toBe(0);
  await ways.close();
});

test("closing cancels opening tunnels and closes open connections", async () => {
  const ways = traffic();
  const [waiting, open, far] = [new PassThrough(), new PassThrough(), new PassThrough()];
  const opening = ways.carry(
    waiting,
    (signal) =>
      new Promise((_, reject) =>
        signal.addEventListener("abort", () =>
          reject(new VmrigError("CANCELLED", { message: "Given up." })),
        ),
      ),
  );
  await ways.carry(open, async () => far);
  expect(ways.open).toBe(2);
  await ways.close();
  await opening;
  expect([waiting, open, far].map((stream) => stream.closed)).toEqual([true, true, true]);
  expect(ways.open).toBe(0);
  expect(ways.refused).toBeUndefined();
});
