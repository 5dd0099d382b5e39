import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { expect, onTestFinished, test, vi } from "vitest";
import { systemClock } from "vmrig/driver";
import type { Call } from "./call.ts";
import { creating, FOUND, READ } from "./calls.test.kit.ts";
import { startCloud } from "./cloud.test.kit.ts";

test("sends JSON with the token as a bearer, and reads JSON", async () => {
  const cloud = await startCloud(() => FOUND);
  await expect(cloud.client.call(creating())).resolves.toEqual({ server: { id: 5 } });
  expect(cloud.calls[0]).toMatchObject({
    line: "POST /servers",
    headers: { authorization: `Bearer ${cloud.token}`, "content-type": "application/json" },
    body: { name: "pc1" },
  });
});

test("a reply without a body is an empty object", async () => {
  const cloud = await startCloud(() => ({ status: 204 }));
  const call: Call = { method: "DELETE", path: "/ssh_keys/5", task: "delete the SSH key 5" };
  await expect(cloud.client.call(call)).resolves.toEqual({});
});

test("goes through the proxy of the environment, which does not get the token", async () => {
  const asked: string[] = [];
  const proxy = createServer().listen(0, "127.0.0.1");
  onTestFinished(() => void proxy.close());
  await once(proxy, "listening");
  proxy.on("connect", (request, socket) => {
    asked.push(`${request.url} ${JSON.stringify(request.rawHeaders)}`);
    socket.end("HTTP/1.1 403 Forbidden\r\n\r\n");
  });
  vi.stubEnv("https_proxy", `http://127.0.0.1:${(proxy.address() as AddressInfo).port}`);
  vi.stubEnv("no_proxy", "");
  onTestFinished(() => void vi.unstubAllEnvs());
  const cloud = await startCloud(() => FOUND);
  const client = cloud.connect({ endpoint: "https://cloud.example/v1" });
  await expect(client.call(READ)).rejects.toMatchObject({ code: "CLOUD_UNREACHABLE" });
  expect(asked[0]).toMatch(/^cloud\.example:443 /);
  expect(asked.join()).not.toContain(cloud.token);
});

test("follows no redirect, which would take the token elsewhere", async () => {
  const cloud = await startCloud(() => ({ status: 302, headers: { location: "/v1/servers/6" } }));
  await expect(cloud.client.call(READ)).rejects.toThrow("HTTP 302 without a reason");
  expect(cloud.lines()).toEqual(["GET /servers/5"]);
});

test("a cancelled call throws the reason of its signal", async () => {
  const cancel = new AbortController();
  const reason = new Error("enough");
  const cloud = await startCloud(() => {
    setImmediate(() => cancel.abort(reason));
    return "silence";
  });
  await expect(cloud.client.call({ ...READ, signal: cancel.signal })).rejects.toBe(reason);
});

test("a call that is repeated ends when the client is closed, because another call has failed", async () => {
  const cloud = await startCloud(() => ({ status: 503 }));
  const client = cloud.connect({ clock: systemClock });
  const call = client.call(READ);
  await vi.waitFor(() => expect(cloud.calls.length).toBeGreaterThan(0));
  await client[Symbol.asyncDispose]();
  await expect(call).rejects.toMatchObject({ code: "CANCELLED" });
});

test.each([
  "http://cloud.example/v1",
  "https://user:secret@cloud.example/v1",
  "https://cloud.example/v1?x=1",
  "ftp://127.0.0.1/",
  "cloud.example",
])("sends no token to %s", async (endpoint) => {
  const cloud = await startCloud(() => FOUND);
  expect(() => cloud.connect({ endpoint })).toThrow(
    expect.objectContaining({ code: "CONFIG_INVALID" }),
  );
});
