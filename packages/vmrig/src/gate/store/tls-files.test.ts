import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { Certificates } from "../../redis/fixtures/certificates.ts";
import { readTlsFiles } from "./tls-files.ts";

let certificates: Certificates;
let folder: string;
beforeAll(async () => {
  certificates = await Certificates.make();
  folder = await mkdtemp(join(tmpdir(), "vmrig-test-"));
  await writeFile(join(folder, "secret.txt"), "hunter2");
});
afterAll(async () => {
  await certificates[Symbol.asyncDispose]();
  await rm(folder, { recursive: true, force: true });
});

test("reads the files, and passes the server name on", async () => {
  const [ca, cert, key] = await Promise.all(
    ["ca.pem", "client.pem", "client.key"].map((name) => certificates.read(name)),
  );
  expect(
    readTlsFiles({
      ca: certificates.path("ca.pem"),
      cert: certificates.path("client.pem"),
      key: certificates.path("client.key"),
      servername: "redis.test",
    }),
  ).toEqual({ ca, cert, key, servername: "redis.test" });
  expect(readTlsFiles({})).toEqual({});
});

test("a missing file or a folder is reported with its config key", () => {
  expect(() => readTlsFiles({ ca: join(folder, "none.pem") })).toThrow(
    expect.objectContaining({
      code: "CONFIG_INVALID",
      summary: `redis.tls.ca cannot be read: ${join(folder, "none.pem")} (ENOENT)`,
    }),
  );
  expect(() => readTlsFiles({ ca: folder })).toThrow(
    `redis.tls.ca cannot be read: ${folder} (EISDIR)`,
  );
});

test("a file of another kind is reported, and its content is never shown", () => {
  const path = join(folder, "secret.txt");
  expect(() => readTlsFiles({ ca: path })).toThrow(
    expect.objectContaining({
      code: "CONFIG_INVALID",
      summary: `redis.tls.ca is not a certificate in PEM: ${path}`,
    }),
  );
  expect(() => readTlsFiles({ cert: certificates.path("client.pem"), key: path })).toThrow(
    expect.objectContaining({
      summary: `redis.tls.key is not a private key without a passphrase in PEM: ${path}`,
    }),
  );
});

test("a key of another certificate is refused before any connection", () => {
  const key = certificates.path("server.key");
  expect(() => readTlsFiles({ cert: certificates.path("client.pem"), key })).toThrow(
    `redis.tls.key does not belong to redis.tls.cert: ${key}`,
  );
});
