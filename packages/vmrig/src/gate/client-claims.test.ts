import { getEventListeners } from "node:events";
import { expect, test } from "vitest";
import { VmrigError } from "../errors/vmrig-error.ts";
import { asked, paperGate, serve } from "./socket.test.kit.ts";

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
