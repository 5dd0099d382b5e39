import { spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { text } from "node:stream/consumers";
import { expect, test } from "vitest";
import { bootSectorImage } from "../qemu/boot-sector.test.kit.ts";
import { startDoubleProcess, type DoubleProcess } from "./double-process.ts";

async function get({ endpoint, token }: DoubleProcess, path: string): Promise<Response> {
  return await fetch(`${endpoint}${path}`, { headers: { authorization: `Bearer ${token}` } });
}

test("several programs share a double that is a separate process", async () => {
  await using double = await startDoubleProcess();
  const headers = { authorization: `Bearer ${double.token}` };
  const body = JSON.stringify({ name: "pc1", server_type: "cx23", image: "debian-13" });
  await fetch(`${double.endpoint}/servers`, { method: "POST", headers, body });

  expect(await double.control("GET", "/servers")).toMatchObject({
    servers: [{ name: "pc1", pid: null, console: null }],
  });
  expect(await double.control("GET", "/resources")).toMatchObject({
    resources: [{ kind: "servers", name: "pc1" }, { kind: "primaryIps" }, { kind: "primaryIps" }],
  });
  expect(await double.control("GET", "/calls")).toMatchObject({
    calls: [{ method: "POST", path: "/servers", status: 201, token: double.token }],
  });
});

test("the log of its calls has who sent each one, and the labels that the server had before", async () => {
  await using double = await startDoubleProcess();
  await double.control("POST", "/tokens", { token: "of-a-run", access: "read-write" });
  const call = async (token: string, method: string, path: string, body?: object) => {
    const headers = { authorization: `Bearer ${token}` };
    const init = body === undefined ? {} : { body: JSON.stringify(body) };
    return await (await fetch(`${double.endpoint}${path}`, { method, headers, ...init })).json();
  };
  const wish = {
    name: "pc1",
    server_type: "cx23",
    image: "debian-13",
    labels: { "vmrig-fence": "0" },
  };
  const { server } = (await call(double.token, "POST", "/servers", wish)) as {
    readonly server: { readonly id: number };
  };
  const path = `/servers/${server.id}`;
  await call("of-a-run", "PUT", path, { labels: { "vmrig-fence": "7" } });
  await call("of-a-run", "GET", path);
  const { calls } = (await double.control("GET", "/calls")) as {
    readonly calls: readonly object[];
  };
  expect(calls.slice(1)).toMatchObject([
    { token: "of-a-run", method: "PUT", path, labels: { "vmrig-fence": "0" } },
    { token: "of-a-run", method: "GET", path, labels: { "vmrig-fence": "7" } },
  ]);
});

test("an action can be held up for a while", async () => {
  await using double = await startDoubleProcess();
  await double.control("POST", "/action-faults", { command: "create_server", hang_ms: 300 });
  const headers = { authorization: `Bearer ${double.token}` };
  const body = JSON.stringify({ name: "pc1", server_type: "cx23", image: "debian-13" });
  await fetch(`${double.endpoint}/servers`, { method: "POST", headers, body });
  const status = async () =>
    ((await double.control("GET", "/servers")) as { servers: { status: string }[] }).servers[0]
      ?.status;
  expect(await status()).toBe("initializing");
  await expect.poll(status, { timeout: 20_000 }).toBe("running");
});

test("faults are set through its control", async () => {
  await using double = await startDoubleProcess();
  const fault = { kind: "refuse", status: 503, code: "unavailable" };
  await double.control("POST", "/request-faults", { method: "GET", path: "^/servers", fault });
  expect(await double.control("GET", "/request-faults/GET")).toEqual({ left: 1 });
  expect((await get(double, "/servers")).status).toBe(503);
  expect(await double.control("GET", "/request-faults/GET")).toEqual({ left: 0 });
  expect((await get(double, "/servers")).status).toBe(200);

  await double.control("POST", "/rate-limit", { left: 0 });
  expect((await get(double, "/servers")).status).toBe(429);
});

test("a snapshot is there without a server that it was made of", async () => {
  await using double = await startDoubleProcess();
  const wish = { description: "golden", image: "103", labels: { of: "team" } };
  await double.control("POST", "/snapshots", wish);
  expect(await (await get(double, "/images?type=snapshot")).json()).toMatchObject({
    images: [
      { description: "golden", labels: { of: "team" }, architecture: "x86", status: "available" },
    ],
  });
});

test("its control refuses what it does not know, and who does not know its secret", async () => {
  await using double = await startDoubleProcess();
  await expect(double.control("POST", "/kill-after", { changes: 0 })).rejects.toThrow("422");
  await expect(double.control("GET", "/nothing")).rejects.toThrow("404");
});

test.skipIf(process.arch !== "x64")(
  "its servers can be machines, which a test can crash",
  async () => {
    const imageFolder = await bootSectorImage("runs", "hang");
    await using double = await startDoubleProcess({ imageFolder });
    const headers = { authorization: `Bearer ${double.token}` };
    const body = JSON.stringify({ name: "pc1", server_type: "cx23", image: "debian-13" });
    await fetch(`${double.endpoint}/servers`, { method: "POST", headers, body });
    const server = async () => {
      const { servers } = (await double.control("GET", "/servers")) as {
        readonly servers: readonly { readonly id: number; readonly status: string }[];
      };
      return servers[0];
    };
    await expect.poll(server, { timeout: 20_000 }).toMatchObject({ status: "running" });
    await double.control("POST", "/crash", { server: (await server())?.id });
    await expect.poll(server, { timeout: 20_000 }).toMatchObject({ status: "off", pid: null });
  },
);

test("it ends when the process that started it is killed", async () => {
  const module = fileURLToPath(new URL("double-process.ts", import.meta.url));
  const script = `
    import { startDoubleProcess } from ${JSON.stringify(module)};
    const { pid, endpoint } = await startDoubleProcess();
    console.log(JSON.stringify({ pid, endpoint }));
    process.kill(process.pid, "SIGKILL");
  `;
  const parent = spawn(process.execPath, ["--input-type=module", "-e", script], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  const ended = once(parent, "close");
  const { pid, endpoint } = JSON.parse(await text(parent.stdout)) as {
    readonly pid: number;
    readonly endpoint: string;
  };
  await ended;
  expect(pid).toBeGreaterThan(0);
  await expect.poll(() => fetch(endpoint).catch(() => "ended"), { timeout: 20_000 }).toBe("ended");
});
