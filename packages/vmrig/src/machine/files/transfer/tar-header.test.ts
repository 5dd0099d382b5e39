import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, open, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Readable } from "node:stream";
import { afterAll, beforeAll, expect, test } from "vitest";
import { pack } from "./local-tar.ts";
import { contentMeter, oneFile } from "./tar-header.ts";

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "vmrig-tar-"));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const GIB = 1024 ** 3;

async function* packed(): AsyncGenerator<Buffer, void, undefined> {
  const names = await readdir(folder, { encoding: "buffer" });
  const archive = await pack(folder);
  for (const name of [Buffer.alloc(0), ...names]) archive.add(name);
  archive.end();
  try {
    for await (const chunk of archive.output as AsyncIterable<Buffer>) yield chunk;
  } finally {
    archive.kill();
    await archive.done.catch(() => {});
  }
}

test("counts the content of files in chunks of any size, without headers and long names", async () => {
  await writeFile(join(folder, "é".repeat(120)), "x".repeat(700));
  await writeFile(join(folder, "small"), "x".repeat(512));
  const chunks: Buffer[] = [];
  for await (const chunk of packed()) chunks.push(chunk);
  const archive = Buffer.concat(chunks);
  for (const size of [1, 100, 512, 32_768]) {
    const meter = contentMeter();
    let counted = 0;
    for (let at = 0; at < archive.length; at += size)
      counted = meter.read(archive.subarray(at, at + size));
    expect([counted, meter.files, meter.links]).toEqual([1212, 2, 0]);
  }
});

test("counts a file of more than 8 GiB, whose size is in the pax records only", async () => {
  const file = await open(join(folder, "large"), "w");
  await file.truncate(9 * GIB);
  await file.close();
  const meter = contentMeter();
  let counted = 0;
  let sent = 0;
  for await (const chunk of packed()) {
    counted = meter.read(chunk);
    sent += chunk.length;
    if (sent > 4_194_304) break;
  }
  // The headers, and the files before it.
  expect(counted).toBeGreaterThan(sent - 16_384);
});

test("an archive of one empty file is an archive for tar", async () => {
  const listing = spawn("tar", ["-t", "-v", "-f", "-"], { stdio: ["pipe", "pipe", "inherit"] });
  listing.stdin.end(oneFile(".vmrig-mark", Buffer.alloc(0)));
  const [[code], text] = await Promise.all([once(listing, "close"), readAll(listing.stdout)]);
  expect([code, text]).toEqual([0, expect.stringMatching(/^-rw-{7} .* \.vmrig-mark\n$/)]);
});

async function readAll(stream: Readable): Promise<string> {
  return Buffer.concat(await stream.toArray()).toString();
}
