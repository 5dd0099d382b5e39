import { afterAll, beforeAll, expect, onTestFinished, test, vi } from "vitest";
import { BadNetwork } from "../../../../redis/fixtures/bad-network.ts";
import { newCopy, write } from "../../contract/harness.test.kit.ts";
import { testStateStore } from "../../contract.test.kit.ts";
import { initPgStore, pgStore } from "./pg-store.ts";
import { grantTables, tablesOf } from "./schema.ts";
import { PostgresServer } from "./postgres-server.test.kit.ts";

// Real processes on a computer that may be busy: each wait has its own deadline.
vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 });

let server: PostgresServer;
beforeAll(async () => {
  server = await PostgresServer.start();
  await server.admin("create role member login; create role reader login");
  await initPgStore({ url: server.urlFor("admin") });
  await server.admin(`
    ${grantTables(tablesOf("vmrig"), "member")}
    grant usage on schema vmrig to reader;
    grant select on all tables in schema vmrig to reader`);
});
afterAll(() => server[Symbol.asyncDispose]());

testStateStore({
  open: async () => pgStore({ url: server.urlFor("member") }),
  async openThroughNetworks() {
    const network = await BadNetwork.before(server.socketPath);
    onTestFinished(() => network[Symbol.asyncDispose]());
    const { port } = new URL(network.url);
    const store = pgStore({ url: `postgres://member@127.0.0.1:${port}/postgres` });
    onTestFinished(() => store[Symbol.asyncDispose]());
    return { store, networks: [network] };
  },
  makeUnwritable: async () => pgStore({ url: server.urlFor("reader") }),
  restart: () => server.restart(),
});

test("creating the tables again changes nothing", async () => {
  const copy = newCopy();
  await using store = pgStore({ url: server.urlFor("member") });
  await store.write(copy, write(0, 10));
  await initPgStore({ url: server.urlFor("admin") });
  expect((await store.read(copy))?.version).toBe(1);
});

test.each([
  ["postgres://stranger@/postgres", "STATE_UNREACHABLE", "check the user"],
  ["postgres://member@/missing", "STATE_UNREACHABLE", "create this database"],
  ["postgres://member@/template1", "STATE_UNREACHABLE", "create the tables"],
])("%s fails at once, with a hint", async (url, code, hint) => {
  await using store = pgStore({
    url: `${url}?host=${encodeURIComponent(server.folder)}`,
  });
  await expect(store.read(newCopy())).rejects.toMatchObject({
    code,
    hint: expect.stringContaining(hint),
  });
});

test("errors and the printable address do not contain the password", async () => {
  await using store = pgStore({
    url: `postgres://stranger:hunter2@/postgres?host=${encodeURIComponent(server.folder)}`,
  });
  expect(store.shown).toBe(`postgres://${server.folder}/postgres`);
  await expect(store.read(newCopy())).rejects.toMatchObject({
    message: expect.not.stringContaining("hunter2"),
  });
  expect(() => pgStore({ url: "hunter2" })).toThrow(
    expect.objectContaining({
      code: "CONFIG_INVALID",
      message: expect.not.stringContaining("hunter2"),
    }),
  );
});

test("a schema name that needs quotes is refused", () => {
  expect(() => pgStore({ url: server.urlFor("member"), schema: 'x"; drop' })).toThrow(
    expect.objectContaining({ code: "CONFIG_INVALID" }),
  );
});
