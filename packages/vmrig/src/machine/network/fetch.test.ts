import {
  createServer,
  type IncomingMessage,
  type RequestListener,
  type ServerResponse,
} from "node:http";
import { createServer as createTlsServer } from "node:https";
import { join } from "node:path";
import { buffer } from "node:stream/consumers";
import { gzipSync } from "node:zlib";
import { expect, test } from "vitest";
import { freePort } from "../../ssh/fixtures/free-port.test.kit.ts";
import { startService, talk, type TestService } from "../../ssh/fixtures/service.test.kit.ts";
import { startMachine, useMachine, type TestMachine } from "../fixtures.test.kit.ts";

let rig: TestMachine;
useMachine((machine) => (rig = machine));

async function serve(answer: RequestListener): Promise<TestService & { readonly url: string }> {
  const service = await startService(createServer(answer));
  return { ...service, url: `http://localhost:${service.port}` };
}

const echo = (request: IncomingMessage, response: ServerResponse): void =>
  void buffer(request).then((body) =>
    response.end(
      JSON.stringify({
        method: request.method,
        url: request.url,
        headers: request.headers,
        body: body.toString(),
      }),
    ),
  );

test("fetches from the machine and returns a standard Response", async () => {
  const { url, quiet } = await serve(
    (_, response) => void response.writeHead(201, { "x-reply": ["a", "b"] }).end("made"),
  );
  const response = await rig.pc1.fetch(`${url}/things`);
  expect([response.status, response.ok, response.url, response.headers.get("x-reply")]).toEqual([
    201,
    true,
    `${url}/things`,
    "a, b",
  ]);
  expect(await response.text()).toBe("made");
  await quiet();
});

test("sends method, headers, and bodies of every kind", async () => {
  const { url } = await serve(echo);
  const form = new FormData();
  form.set("name", "vmrig");
  form.set("file", new Blob(["content"]), "file.txt");
  const echoOf = async (
    init: RequestInit,
  ): Promise<Record<string, string> & { headers: Record<string, string> }> =>
    (await (await rig.pc1.fetch(url, { method: "PUT", ...init })).json()) as never;
  expect(await echoOf({ body: "words", headers: { "x-a": "1" } })).toMatchObject({
    method: "PUT",
    body: "words",
    headers: { "x-a": "1", "content-length": "5" },
  });
  expect(await echoOf({ body: new URLSearchParams({ a: "1 2" }) })).toMatchObject({
    body: "a=1+2",
    headers: { "content-type": expect.stringContaining("x-www-form-urlencoded") as string },
  });
  const sent = await echoOf({ body: form });
  expect(sent.headers["content-type"]).toMatch(/^multipart\/form-data; boundary=/);
  expect(sent["body"]).toContain('filename="file.txt"');
  expect(await echoOf({ body: new Blob(["blob"]).stream() })).toMatchObject({
    body: "blob",
    headers: { "transfer-encoding": "chunked" },
  });
  async function* pieces(): AsyncGenerator<Uint8Array> {
    yield Buffer.from("in ");
    yield Buffer.from("pieces");
  }
  expect(await echoOf({ body: pieces() as never })).toMatchObject({ body: "in pieces" });
});

test("follows redirects as fetch does, and decompresses the body", async () => {
  const { url } = await serve((request, response) => {
    if (request.url === "/old") response.writeHead(302, { location: "/new" }).end();
    else response.writeHead(200, { "content-encoding": "gzip" }).end(gzipSync("unpacked"));
  });
  const response = await rig.pc1.fetch(`${url}/old`);
  expect([response.redirected, response.url, await response.text()]).toEqual([
    true,
    `${url}/new`,
    "unpacked",
  ]);
  expect((await rig.pc1.fetch(`${url}/old`, { redirect: "manual" })).headers.get("location")).toBe(
    "/new",
  );
  await expect(rig.pc1.fetch(`${url}/old`, { redirect: "error" })).rejects.toMatchObject({
    code: "FETCH_FAILED",
  });
});

test("reaches a service through a unix socket", async () => {
  const path = join(rig.server.folder, "api.sock");
  await startService(createServer(echo), { path });
  await rig.pc1.root.$`chmod 777 ${path}`;
  const response = await rig.pc1.fetch("http://docker/version", { socketPath: path });
  expect(await response.json()).toMatchObject({ url: "/version", headers: { host: "docker" } });
});

test("rejects certificates of an unknown authority, and accepts them with `ca`", async () => {
  await rig.pc1
    .$`cd ${rig.server.folder} && openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj /CN=localhost -addext subjectAltName=DNS:localhost -keyout key.pem -out cert.pem`;
  const [key, cert] = await Promise.all(
    ["key.pem", "cert.pem"].map((name) => rig.pc1.file(join(rig.server.folder, name)).text()),
  );
  const { port } = await startService(
    createTlsServer({ key, cert }, (_, response) => void response.end("safe")),
  );
  const url = `https://localhost:${port}`;
  await expect(rig.pc1.fetch(url)).rejects.toMatchObject({
    code: "FETCH_FAILED",
    hint: expect.stringContaining("rejectUnauthorized") as string,
  });
  expect(await (await rig.pc1.fetch(url, { tls: { ca: cert } })).text()).toBe("safe");
  expect(await (await rig.pc1.fetch(url, { tls: { rejectUnauthorized: false } })).text()).toBe(
    "safe",
  );
  await expect(
    rig.pc1.fetch(`https://127.0.0.1:${port}`, { tls: { ca: cert } }),
  ).rejects.toMatchObject({ code: "FETCH_FAILED" });
});

test("names the machine, the URL and the reason when there is no response", async () => {
  const port = await freePort();
  await expect(
    rig.pc1.fetch(`http://localhost:${port}/x`, { method: "POST" }),
  ).rejects.toMatchObject({
    code: "FETCH_FAILED",
    message: expect.stringContaining(
      `POST http://localhost:${port}/x from pc1 failed: connection refused.`,
    ) as string,
  });
  await expect(rig.pc1.fetch("http://no-such-host.invalid/")).rejects.toMatchObject({
    code: "FETCH_FAILED",
  });
  await expect(rig.pc1.fetch("http://localhost:6667/")).rejects.toMatchObject({
    code: "FETCH_FAILED",
    hint: expect.stringContaining("forward()") as string,
  });
  const mute = await startService(talk((socket) => void socket.resume().end()));
  await expect(rig.pc1.fetch(`http://localhost:${mute.port}/`)).rejects.toMatchObject({
    code: "FETCH_FAILED",
  });
  const chatter = await startService(
    talk((socket) => void socket.resume().end("no HTTP at all\r\n\r\n")),
  );
  await expect(rig.pc1.fetch(`http://localhost:${chatter.port}/`)).rejects.toMatchObject({
    code: "FETCH_FAILED",
  });
  await Promise.all([mute.quiet(), chatter.quiet()]);
});

test("an unusual status or a bad redirect leaves no connection behind", async () => {
  const strange = await startService(
    talk(
      (socket) =>
        void socket.once("data", () => socket.end("HTTP/1.1 999 Odd\r\ncontent-length: 0\r\n\r\n")),
    ),
  );
  const answer = await rig.pc1.fetch(`http://localhost:${strange.port}/`).then(
    ({ status }) => status,
    (error: unknown) => error,
  );
  expect([999, expect.objectContaining({ code: "FETCH_FAILED" })]).toContainEqual(answer);
  const { url, quiet } = await serve(
    (_, response) =>
      void response.writeHead(302, { location: "gopher://elsewhere/" }).end("x".repeat(100_000)),
  );
  await expect(rig.pc1.fetch(url)).rejects.toMatchObject({ code: "FETCH_FAILED" });
  await Promise.all([strange.quiet(), quiet()]);
});

test.for(["nothing", "ftp://host/file", "/relative"])("rejects the URL %j", async (url) => {
  await expect(rig.pc1.fetch(url)).rejects.toMatchObject({ code: "COMMAND_INVALID" });
});

test("rejects an invalid request before connecting", async () => {
  const { url, open } = await serve(echo);
  await expect(rig.pc1.fetch(url, { method: "GET", body: "x" })).rejects.toMatchObject({
    code: "COMMAND_INVALID",
  });
  await expect(rig.pc1.fetch(url, { headers: { "no name": "x" } })).rejects.toMatchObject({
    code: "COMMAND_INVALID",
  });
  expect(open()).toBe(0);
});

test("an abort ends the request before and during the response", async () => {
  const silent = await serve(() => {});
  const early = new AbortController();
  const waiting = rig.pc1.fetch(silent.url, { signal: early.signal });
  early.abort(new Error("enough"));
  await expect(waiting).rejects.toThrow("enough");
  await expect(
    rig.pc1.fetch(silent.url, { signal: AbortSignal.abort(new Error("never")) }),
  ).rejects.toThrow("never");
  const slow = await serve((_, response) => void response.write("half of it"));
  const late = new AbortController();
  const response = await rig.pc1.fetch(slow.url, { signal: late.signal });
  const read = response.text();
  late.abort(new Error("enough of it"));
  await expect(read).rejects.toThrow("enough of it");
  await Promise.all([silent.quiet(), slow.quiet()]);
});

test("a truncated body is an error", async () => {
  const { url } = await serve((_, response) => {
    response.writeHead(200, { "content-length": "100" });
    response.write("half", () => response.socket?.resetAndDestroy());
  });
  const response = await rig.pc1.fetch(url);
  await expect(response.text()).rejects.toThrow();
});

test("ends with the test: an unread body is lost and its connection closed", async () => {
  const works: Array<() => Promise<void>> = [];
  await using mine = await startMachine({ onCleanup: (work) => works.push(work) });
  const { url, quiet } = await serve((_, response) => void response.write("endless"));
  const response = await mine.pc1.fetch(url);
  const read = response.text();
  for (const work of works) await work();
  await expect(read).rejects.toThrow("The test that fetched it has ended.");
  await quiet();
});

test("a slow reader slows down a large response", async () => {
  const megabytes = 32;
  let sent = 0;
  const { url } = await serve((_, response) => {
    const push = (): void => {
      if (sent === megabytes) return void response.end();
      sent += 1;
      response.write(Buffer.alloc(1024 * 1024), push);
    };
    push();
  });
  const response = await rig.pc1.fetch(url);
  const reader: ReadableStreamDefaultReader<Uint8Array> | undefined = response.body?.getReader();
  expect((await reader?.read())?.done).toBe(false);
  expect(sent).toBeLessThan(megabytes);
  let bytes = 0;
  for (let piece = await reader?.read(); piece?.done === false; piece = await reader?.read())
    bytes += piece.value.length;
  expect(bytes).toBeGreaterThan((megabytes - 1) * 1024 * 1024);
});
