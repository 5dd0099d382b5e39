import { readFile } from "node:fs/promises";
import { afterAll, beforeAll, beforeEach, expect, test, vi } from "vitest";
import { BadNetwork } from "../redis/fixtures/bad-network.ts";
import { RedisServer } from "../redis/fixtures/redis-server.ts";
import type { LeaseStore } from "./lease-store.ts";
import { NO_POLLING, openStore, startServers } from "./lease.test.kit.ts";
import { openLeaseStore, type LeaseStoreOptions } from "./open-lease-store.ts";
import { useAll } from "./use-all.test.kit.ts";

/** ACL rules as the guide shows them, between the user name and the end of the line. */
const GUIDE = await readFile(
  new URL("../../../../docs/guide/shared-redis.md", import.meta.url),
  "utf8",
);
const RULES = (/^ACL SETUSER vmrig ([^`]*?)\n```/ms.exec(GUIDE)?.[1] ?? "")
  .replaceAll("\\\n", " ")
  .trim()
  .split(/\s+/);
const COMMANDS = RULES.filter((rule) => rule.startsWith("+"));
const PASSWORD = RULES.find((rule) => rule.startsWith(">"))?.slice(1);

let server: RedisServer;
let network: BadNetwork;

beforeAll(async () => {
  server = await RedisServer.start();
  network = await BadNetwork.before(server.socketPath);
});
afterAll(async () => {
  await network[Symbol.asyncDispose]();
  await server[Symbol.asyncDispose]();
});
beforeEach(async () => {
  await server.operator.flushall();
  await server.operator.script("FLUSH");
  await server.operator.call("ACL", "DELUSER", "vmrig");
  await server.operator.call("ACL", "LOG", "RESET");
});

async function login(
  rules: readonly string[],
  options: Partial<LeaseStoreOptions> = {},
): Promise<LeaseStore> {
  await server.operator.call("ACL", "SETUSER", "vmrig", ...rules);
  const redis = { url: network.url.replace("//", `//vmrig:${PASSWORD}@`) };
  return openLeaseStore({
    redis,
    timing: { ...NO_POLLING, outageMs: 0 },
    ...options,
  });
}

/** Returns the denied commands, keys and channels since the user was created. */
async function denials(): Promise<string[]> {
  const log = (await server.operator.call("ACL", "LOG")) as string[][];
  return log.map((entry) => `${entry[3]}: ${entry[7]}`);
}

test("the ACL rules of the guide allow everything that vmrig does", async () => {
  await using leases = await login(RULES);
  await useAll(leases);
  expect(await denials()).toEqual([]);
});

test("the ACL rules are enough for several Redis servers", async () => {
  const servers = await startServers(3);
  for (const { operator } of servers.all) await operator.call("ACL", "SETUSER", "vmrig", ...RULES);
  const redis = servers.networks.map(({ url }) => ({
    url: url.replace("//", `//vmrig:${PASSWORD}@`),
  }));
  const leases = await openStore(redis, { timing: { ...NO_POLLING, outageMs: 0 } });
  await useAll(leases);
  const logs = await Promise.all(servers.all.map(({ operator }) => operator.call("ACL", "LOG")));
  expect(logs).toEqual([[], [], []]);
});

test("the ACL rules allow only these commands, keys and channels", () => {
  expect(RULES.filter((rule) => !/^[+>]/.test(rule))).toEqual([
    "on",
    "resetkeys",
    "~vmrig:*",
    "resetchannels",
    "&vmrig:*",
    "-@all",
  ]);
});

test.each([...COMMANDS.map((rule) => rule.replace("+", "-")), "resetchannels"])(
  "without %s a command is denied",
  async (rule) => {
    const outcome = await login([...RULES, rule])
      .then(async (leases) => {
        await using opened = leases;
        await useAll(opened);
      })
      .then(
        () => "all of it worked",
        (error: unknown) => error,
      );
    expect({ outcome, denied: await denials() }).toMatchObject({
      denied: expect.arrayContaining([expect.stringMatching(/\S/)]),
    });
  },
);

test("another prefix is denied", async () => {
  await expect(login(RULES, { namespace: "team-a" })).rejects.toMatchObject({
    code: "REDIS_UNREACHABLE",
    message: expect.stringMatching(/no permissions to access/i),
    hint: expect.stringContaining("for keys and channels team-a:*"),
  });
});

test("a user without the INFO permission can lease, and nothing is written to the terminal", async () => {
  const written = vi.spyOn(console, "warn");
  await using leases = await login([...RULES, "-info"]);
  await useAll(leases);
  expect(written).not.toHaveBeenCalled();
  written.mockRestore();
});
