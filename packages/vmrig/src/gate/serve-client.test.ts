import { expect, test } from "vitest";
import { VmrigError } from "../errors/vmrig-error.ts";
import type { Gate } from "./gate.ts";
import { asked, grantOf, paperGate, serve } from "./socket.test.kit.ts";

test("carries every call to the gate, and every reply back", async () => {
  const gate = paperGate();
  const client = await (await serve(Promise.resolve(gate))).client();
  expect(await client.hello()).toEqual(gate.welcome);
  expect(await client.claim("file")).toEqual(grantOf("claim-1"));
  expect(await client.rollBack("claim-1")).toEqual({ ...grantOf("claim-1"), nonce: "another" });
  const error = new VmrigError("ROLLBACK_FAILED", { message: "No.", details: ["a fact"] });
  expect(await client.recover("claim-1", [{ machine: "pc1", error }])).toEqual({
    ...grantOf("claim-1"),
    nonce: "recovered",
  });
  await client.release("claim-1", true);
  await client.begin();
  await client.expect(3);
  expect(gate.asked).toEqual([
    "claim file",
    "rollback claim-1",
    "recover claim-1 pc1: ROLLBACK_FAILED No.\n  a fact",
    "release claim-1",
    "begin",
    "expect 3",
  ]);
});

test("one connection carries any number of calls", async () => {
  const gate = paperGate();
  const client = await (await serve(Promise.resolve(gate))).client();
  await Promise.all(Array.from({ length: 200 }, (_, count) => client.expect(count)));
  expect(gate.asked).toHaveLength(200);
});

test("a waiting claim delays no other request", async () => {
  const gate = paperGate();
  const line = Promise.withResolvers<void>();
  gate.line = line.promise;
  const { client } = await serve(Promise.resolve(gate));
  const [one, two] = [await client(), await client()];
  const claiming = one.claim("file");
  await asked(gate, "claim file");
  expect(await one.hello()).toEqual(gate.welcome);
  expect(await two.hello()).toEqual(gate.welcome);
  line.resolve();
  expect(await claiming).toEqual(grantOf("claim-1"));
});

test("an internal fault of the gate arrives as INTERNAL", async () => {
  const gate: Gate = { ...paperGate(), claim: () => Promise.reject(new TypeError("oops")) };
  const client = await (await serve(Promise.resolve(gate))).client();
  await expect(client.claim("file")).rejects.toMatchObject({
    code: "INTERNAL",
    fault: "bug",
    summary: "Unexpected TypeError: oops",
  });
});

test.each([
  ["text that is not JSON", "hello\n"],
  ["half a line of JSON", '{"id":1,\n'],
  ["an unknown request", '{"id":1,"do":"destroy"}\n'],
  ["a request without an id", '{"do":"hello"}\n'],
  ["an unknown policy", '{"id":1,"do":"claim","rollback":"never"}\n'],
  [
    "an error with an unknown code",
    '{"id":1,"do":"recover","claim":"c","unhealthy":[{"machine":"m","error":{"name":"x","code":"toString","message":"","details":[]}}]}\n',
  ],
])(
  "closes the connection of a client that sends %s, and no other connection",
  async (_title, line) => {
    const gate = paperGate();
    const { client, raw } = await serve(Promise.resolve(gate));
    const [good, bad] = [await client(), await raw()];
    bad.send(line);
    expect(await bad.next()).toBe("closed");
    expect(await good.hello()).toEqual(gate.welcome);
    expect(gate.asked).toEqual([]);
  },
);

test("accepts requests in chunks of any size", async () => {
  const gate = paperGate();
  const { send, next } = await (await serve(Promise.resolve(gate))).raw();
  const text = Buffer.from(
    `${JSON.stringify({ id: 1, do: "release", claim: "€𝄞", failed: false })}\n${JSON.stringify({ id: 2, do: "hello" })}\n`,
  );
  for (const byte of text) send(Uint8Array.of(byte));
  const replies = [await next(), await next()];
  expect(replies).toContainEqual({ id: 1, ok: null });
  expect(gate.asked).toEqual(["release €𝄞"]);
  expect(replies).toContainEqual({ id: 2, ok: expect.objectContaining({ rig: "pcs" }) });
});

test("every client hears of a pause, and every client can end it", async () => {
  const gate = paperGate();
  const { client } = await serve(Promise.resolve(gate));
  const [worker, main] = [await client(), await client()];
  await Promise.all([worker.hello(), main.hello()]);
  const notified = Promise.withResolvers<unknown>();
  const over: string[] = [];
  main.onPause({ paused: notified.resolve, resumed: (claim) => over.push(claim) });
  const { claim } = await worker.claim("file");
  const pausing = worker.pause(claim, { test: "a.test.ts > fails", error: "no" });
  expect(await notified.promise).toMatchObject({ claim, test: "a.test.ts > fails", error: "no" });
  await main.resume(claim);
  await pausing;
  await main.hello();
  expect(over).toEqual([claim]);
});

test("every client is notified when the run ends early", async () => {
  const gate = paperGate();
  const { client } = await serve(Promise.resolve(gate));
  const notified: string[] = [];
  const clients = [await client(), await client()];
  for (const each of clients) each.onOver((reason) => notified.push(reason.message));
  for (const each of clients) await each.hello();
  gate.end(new VmrigError("LEASE_LOST", { message: "Bob took it." }));
  for (const each of clients) await each.hello();
  expect(notified).toEqual(["Bob took it.", "Bob took it."]);
});
