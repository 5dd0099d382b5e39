import { stat } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { download } from "./download.ts";
import { serve } from "./http-server.test.kit.ts";
import { tempFolder } from "../temp-folder.test.kit.ts";

test("reports the address and the size before the first byte", async () => {
  const bytes = Buffer.alloc(3 * 1024 * 1024);
  const url = await serve(
    (_, response) => void response.writeHead(200, { "content-length": bytes.length }).end(bytes),
  );
  const path = join(await tempFolder(), "archive");
  const reported: string[] = [];
  expect(await download({ url, path, say: (line) => reported.push(line) })).toMatchObject({
    bytes: bytes.length,
  });
  expect(reported).toEqual([`image    fetching ${url} (3.0 MB)`]);
  expect((await stat(path)).size).toBe(bytes.length);
});

test("reports progress and total size at the given interval", async () => {
  const bytes = Buffer.alloc(1024 * 1024);
  const url = await serve(
    (_, response) => void response.writeHead(200, { "content-length": bytes.length }).end(bytes),
  );
  const reported: string[] = [];
  await download({
    url,
    path: join(await tempFolder(), "archive"),
    say: (line) => reported.push(line),
    progressMs: 0,
  });
  expect(reported.length).toBeGreaterThan(1);
  expect(reported.at(-1)).toBe(`image    fetching ${url}: 1.0 MB of 1.0 MB`);
});

test.each([
  ["before it answers", (): void => {}],
  [
    "in the middle of it",
    (_: unknown, response: { write(text: string): void }): void => response.write("some"),
  ],
] as const)("a server that stops sending %s is abandoned and reported", async (_when, answer) => {
  const url = await serve(answer);
  await expect(
    download({ url, path: join(await tempFolder(), "archive"), stallMs: 200 }),
  ).rejects.toMatchObject({
    code: "IMAGE_MISSING",
    summary: `The image at ${url} cannot be fetched: no data for 0.2 s.`,
  });
});

test("ends with the signal's reason after an abort", async () => {
  const reason = new Error("Ctrl-C");
  const stop = new AbortController();
  const url = await serve((_, response) => {
    response.write("some");
    stop.abort(reason);
  });
  await expect(
    download({ url, path: join(await tempFolder(), "archive"), signal: stop.signal }),
  ).rejects.toBe(reason);
});
