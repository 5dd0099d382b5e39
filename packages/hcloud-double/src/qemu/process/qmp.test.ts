import { PassThrough } from "node:stream";
import { expect, test } from "vitest";
import { Qmp, type QmpEvent } from "./qmp.ts";

interface Peer {
  readonly qmp: Qmp;
  readonly events: QmpEvent[];
  say(message: object): void;
  /** What QEMU was told. */
  told(): { readonly execute: string; readonly id: number; readonly arguments?: object }[];
}

function newPeer(): Peer {
  const input = new PassThrough();
  const output = new PassThrough();
  const events: QmpEvent[] = [];
  let written = "";
  output.on("data", (chunk: Buffer) => (written += chunk.toString()));
  const say = (message: object) => void input.write(`${JSON.stringify(message)}\n`);
  const told = () =>
    written
      .split("\n")
      .filter(Boolean)
      .map((line) => JSON.parse(line) as ReturnType<Peer["told"]>[number]);
  return { qmp: new Qmp(input, output, (event) => events.push(event)), events, say, told };
}

test("replies reach their commands in any order, and events the listener", async () => {
  const { qmp, events, say, told } = newPeer();
  const first = qmp.execute("query-status");
  const second = qmp.execute("device_del", { id: "card" });
  await expect.poll(() => told().length).toBe(2);
  expect(told()[1]).toMatchObject({ execute: "device_del", arguments: { id: "card" } });
  say({ event: "SHUTDOWN", data: { guest: true }, timestamp: {} });
  say({ return: { second: true }, id: told()[1]?.id });
  say({ return: { first: true }, id: told()[0]?.id });
  expect(await Promise.all([first, second])).toEqual([{ first: true }, { second: true }]);
  expect(events).toMatchObject([{ event: "SHUTDOWN", data: { guest: true } }]);
});

test("QEMU's error is the error of the command", async () => {
  const { qmp, say, told } = newPeer();
  const reply = qmp.execute("device_del", { id: "none" });
  await expect.poll(() => told().length).toBe(1);
  say({ error: { class: "DeviceNotFound", desc: "Device 'none' not found" }, id: told()[0]?.id });
  await expect(reply).rejects.toThrow("Device 'none' not found");
});

test("a process that has ended rejects what waits and what comes", async () => {
  const { qmp } = newPeer();
  const reply = qmp.execute("query-status");
  qmp.fail(new Error("QEMU has ended"));
  await expect(reply).rejects.toThrow("QEMU has ended");
  await expect(qmp.execute("query-status")).rejects.toThrow("QEMU has ended");
  await expect(qmp.open()).rejects.toThrow("QEMU has ended");
});
