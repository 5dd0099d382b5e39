import { readdir, stat } from "node:fs/promises";
import { dirname } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { VmrigError } from "../errors/vmrig-error.ts";
import { tempFolder } from "../local-files/temp-folder.test.kit.ts";
import { connectGate } from "../protocol/client.ts";
import type { Gate } from "./gate.ts";
import { serveGate } from "./server.ts";
import { asked, paperGate, serve } from "./socket.test.kit.ts";

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

test("the stack of an error points at the caller", async () => {
  const client = await (
    await serve(Promise.reject(new VmrigError("RIG_BUSY", { message: "busy" })))
  ).client();
  const error: unknown = await client.claim("file").catch((thrown: unknown) => thrown);
  expect((error as Error).stack).toContain("server.test.ts");
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
