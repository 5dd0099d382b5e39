import { createServer } from "node:http";
import { buffer } from "node:stream/consumers";
import { expect, test } from "vitest";
import { startService } from "../../ssh/fixtures/service.test.kit.ts";
import { useMachine, type TestMachine } from "../fixtures.test.kit.ts";

let rig: TestMachine;
useMachine((machine) => (rig = machine));

/** Responds with what arrived. `/moved` redirects to `/`. */
async function serve(): Promise<string> {
  const { port } = await startService(
    createServer((request, response) => {
      const { method, headers } = request;
      if (request.url === "/moved") return void response.writeHead(307, { location: "/" }).end();
      void buffer(request).then((body) =>
        response.end(JSON.stringify({ method, headers, body: body.toString() })),
      );
    }),
  );
  return `http://localhost:${port}/`;
}

test.each([
  [undefined],
  [null],
  [{ retry: 2, responseType: "json", query: { a: 1 }, timeout: undefined, next: {} }],
  [{ method: undefined, headers: undefined, signal: null, body: null }],
])("accepts the options %o of a client library", async (init) => {
  const given: typeof globalThis.fetch = rig.pc1.fetch;
  const response = await given(await serve(), init as RequestInit);
  expect(await response.json()).toMatchObject({ method: "GET" });
});

test("accepts a Request as input and as options, with its method, headers and body", async () => {
  const url = await serve();
  const headers = { "x-a": "1" };
  const request = (path = ""): Request =>
    new Request(`${url}${path}`, { method: "PUT", headers, body: "words" });
  const sent = {
    method: "PUT",
    body: "words",
    headers: { "x-a": "1", "content-length": "5", "content-type": "text/plain;charset=UTF-8" },
  };
  const { fetch } = rig.pc1;
  expect(await (await fetch(request())).json()).toMatchObject(sent);
  expect(await (await fetch(url, request())).json()).toMatchObject(sent);
  expect(await (await fetch(request("moved"))).json()).toMatchObject(sent);
  expect(
    await (await fetch(request(), { method: "POST", body: null, headers: {} })).json(),
  ).toMatchObject({ method: "POST", body: "words", headers: { "content-length": "5" } });
  expect(await (await fetch(request(), { method: "PATCH", body: "others" })).json()).toMatchObject({
    method: "PATCH",
    body: "others",
  });
});

test("a Request whose body was read is refused", async () => {
  const request = new Request(await serve(), { method: "PUT", body: "words" });
  await request.text();
  await expect(rig.pc1.fetch(request)).rejects.toMatchObject({ code: "COMMAND_INVALID" });
});

test("the signal of a Request, or else that of the options, ends the request", async () => {
  const url = await serve();
  const signal = AbortSignal.abort(new Error("enough"));
  const { fetch } = rig.pc1;
  await expect(fetch(new Request(url, { signal }))).rejects.toThrow("enough");
  await expect(fetch(new Request(url), { signal })).rejects.toThrow("enough");
  expect((await fetch(new Request(url, { signal }), { signal: null })).status).toBe(200);
});

test("an abort cancels the endless body of a Request", async () => {
  const over = new AbortController();
  let canceled: unknown;
  const body = new ReadableStream(
    {
      pull: () => over.abort(new Error("enough")),
      cancel: (reason) => void (canceled = reason),
    },
    { highWaterMark: 0 },
  );
  const request = new Request(await serve(), { method: "PUT", body, duplex: "half" } as object);
  await expect(rig.pc1.fetch(request, { signal: over.signal })).rejects.toThrow("enough");
  expect(canceled).toMatchObject({ message: "enough" });
});

test("an error names the method of a Request", async () => {
  const request = new Request("http://no-such-host.invalid/", { method: "DELETE" });
  await expect(rig.pc1.fetch(request)).rejects.toMatchObject({
    code: "FETCH_FAILED",
    summary: expect.stringContaining("DELETE http://no-such-host.invalid/ from pc1") as string,
  });
});
