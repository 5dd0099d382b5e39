import { getEventListeners } from "node:events";
import { readdir, stat } from "node:fs/promises";
import { dirname } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { VmrigError } from "../errors/vmrig-error.ts";
import { waitFor } from "../wait/wait-for.ts";
import { connectGate } from "../protocol/client.ts";
import type { Gate } from "./gate.ts";
import { grantOf, paperGate, serve, type PaperGate } from "./socket.test.kit.ts";
import { tempFolder } from "../local-files/temp-folder.test.kit.ts";
import { serveGate } from "./server.ts";

async function asked(gate: PaperGate, what: string): Promise<void> {
  await waitFor({
    what: `"${what}" to arrive`,
    timeoutMs: 10_000,
    intervalMs: 5,
    probe: async () =>
      gate.asked.includes(what) ? { value: undefined } : { seen: gate.asked.join(", ") },
  });
}

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

test("an early client waits for the gate to open", async () => {
  const opening = Promise.withResolvers<Gate>();
  const client = await (await serve(opening.promise)).client();
  const hello = client.hello();
  opening.resolve(paperGate());
  expect(await hello).toMatchObject({ rig: "pcs" });
});

test("a client that connects before the socket exists waits for the socket", async () => {
  const path = `${await tempFolder()}/gate`;
  const connecting = connectGate(path);
  const server = await serveGate(path, Promise.resolve(paperGate()));
  onTestFinished(() => server.close());
  const client = await connecting;
  onTestFinished(() => client.close());
  expect(await client.hello()).toMatchObject({ rig: "pcs" });
});

test("a gate that cannot be opened fails every request with the reason", async () => {
  const why = new VmrigError("CONFIG_INVALID", {
    message: "x.ts has a mistake.",
    details: ["name: is missing"],
    hint: "write one",
  });
  const { client } = await serve(Promise.reject(why));
  for (const each of [await client(), await client()]) {
    await expect(each.hello()).rejects.toMatchObject({
      code: "CONFIG_INVALID",
      message: why.message,
      details: why.details,
    });
    await expect(each.claim("file")).rejects.toMatchObject({
      code: "CONFIG_INVALID",
      message: why.message,
    });
  }
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

test("the stack of an error points at the caller", async () => {
  const client = await (
    await serve(Promise.reject(new VmrigError("RIG_BUSY", { message: "busy" })))
  ).client();
  const error: unknown = await client.claim("file").catch((thrown: unknown) => thrown);
  expect((error as Error).stack).toContain("server.test.ts");
});

test("claims end with the client's connection, regardless of which side closes it", async () => {
  const gate = paperGate();
  const { client, raw } = await serve(Promise.resolve(gate));
  const [one, two] = [await client(), await raw()];
  await one.claim("file");
  two.send(`${JSON.stringify({ id: 1, do: "claim", rollback: "run" })}\n`);
  expect(await two.next()).toMatchObject({ id: 1, ok: { claim: "claim-2" } });
  one.close();
  await asked(gate, "release claim-1");
  two.socket.destroy();
  await asked(gate, "release claim-2");
});

test("a released claim is not released again when the client leaves", async () => {
  const gate = paperGate();
  const { client } = await serve(Promise.resolve(gate));
  const [one, two] = [await client(), await client()];
  const { claim } = await one.claim("file");
  await one.release(claim, false);
  await one.claim("file");
  one.close();
  await asked(gate, "release claim-2");
  await two.hello();
  expect(gate.asked.filter((what) => what === "release claim-1")).toHaveLength(1);
});

test("a claim that is granted after its client left is cancelled and released", async () => {
  const gate = paperGate();
  const line = Promise.withResolvers<void>();
  gate.line = line.promise;
  const client = await (await serve(Promise.resolve(gate))).client();
  const claiming = client.claim("file");
  await asked(gate, "claim file");
  client.close();
  await expect(claiming).rejects.toMatchObject({ code: "GATE_LOST" });
  await asked(gate, "claim-1 was called off");
  line.resolve();
  await asked(gate, "release claim-1");
});

test("only the client of a claim is notified when the claim's lease is lost", async () => {
  const gate = paperGate();
  const { client } = await serve(Promise.resolve(gate));
  const [one, two] = [await client(), await client()];
  const [first, second] = [await one.claim("file"), await two.claim("file")];
  const notified = Promise.withResolvers<VmrigError>();
  const others: VmrigError[] = [];
  one.onLost(first.claim, (error) => notified.resolve(error));
  two.onLost(second.claim, (error) => void others.push(error));
  gate.leases
    .get(first.claim)
    ?.abort(new VmrigError("LEASE_LOST", { message: "Taken.", details: ["by bob"] }));
  expect(await notified.promise).toMatchObject({ code: "LEASE_LOST", message: "Taken.\n  by bob" });
  // Every earlier message has arrived when this reply arrives.
  await two.hello();
  expect(others).toEqual([]);
  one.close();
  await two.hello();
  expect(gate.asked).not.toContain("release claim-1");
});

test("a lease that is lost before its listener is registered is reported on registration", async () => {
  const gate = paperGate();
  const client = await (await serve(Promise.resolve(gate))).client();
  const { claim } = await client.claim("file");
  gate.leases.get(claim)?.abort(new VmrigError("LEASE_LOST", { message: "Taken." }));
  await client.hello();
  const notified = await new Promise<VmrigError>((resolve) => client.onLost(claim, resolve));
  expect(notified).toMatchObject({ code: "LEASE_LOST", message: "Taken." });
});

test("a lost lease is reported once, and not again when the gate is gone as well", async () => {
  const gate = paperGate();
  const { client, server } = await serve(Promise.resolve(gate));
  const one = await client();
  const { claim } = await one.claim("file");
  const notified: string[] = [];
  one.onLost(claim, ({ code }) => void notified.push(code));
  gate.leases.get(claim)?.abort(new VmrigError("LEASE_LOST", { message: "Taken." }));
  await one.hello();
  await server.close();
  await expect(one.hello()).rejects.toMatchObject({ code: "GATE_LOST" });
  expect(notified).toEqual(["LEASE_LOST"]);
});

test("a closed gate fails listeners, pending calls and later calls", async () => {
  const gate = paperGate();
  gate.line = new Promise(() => {});
  const { client, server } = await serve(Promise.resolve(gate));
  const one = await client();
  const watching = new Promise<VmrigError>((resolve) => one.onLost("claim-0", resolve));
  const waiting = one.claim("file");
  waiting.catch(() => {});
  await asked(gate, "claim file");
  await server.close();
  expect(await watching).toMatchObject({ code: "GATE_LOST", fault: "infra" });
  await expect(waiting).rejects.toMatchObject({ code: "GATE_LOST" });
  await expect(one.hello()).rejects.toMatchObject({ code: "GATE_LOST" });
  expect(await new Promise<VmrigError>((resolve) => one.onLost("claim-1", resolve))).toMatchObject({
    code: "GATE_LOST",
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

test("only this user can open the socket", async () => {
  const { path } = await serve(Promise.resolve(paperGate()));
  expect((await stat(path)).mode & 0o777).toBe(0o600);
});

test("closing removes the socket, ends the connections, and leaves the gate open", async () => {
  const gate = paperGate();
  const { client, server, path } = await serve(Promise.resolve(gate));
  const one = await client();
  await one.claim("file");
  await server.close();
  await asked(gate, "release claim-1");
  expect(gate.asked).not.toContain("close");
  expect(await readdir(dirname(path))).toEqual([]);
});

test("many claims on one lease leave no listeners behind", async () => {
  const gate = paperGate();
  const lease = new AbortController();
  gate.lost = () => lease.signal;
  const client = await (await serve(Promise.resolve(gate))).client();
  const { claim } = await client.claim("file");
  expect(getEventListeners(lease.signal, "abort")).toHaveLength(1);
  await client.release(claim, false);
  expect(getEventListeners(lease.signal, "abort")).toHaveLength(0);
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
