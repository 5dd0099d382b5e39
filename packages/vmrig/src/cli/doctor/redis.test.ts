import { describe, expect } from "vitest";
import { systemClock } from "../../clock/clock.ts";
import type { Finding } from "../../driver/finding.ts";
import { RedisServer, type Persistence } from "../../redis/fixtures/redis-server.ts";
import { RedisServers } from "../../redis/fixtures/redis-servers.ts";
import { test, type TestCli } from "../test-cli.test.kit.ts";
import { problems, runDoctor } from "./examine.test.kit.ts";
import { examineRedis } from "./redis.ts";

async function examineServers(...servers: readonly RedisServer[]): Promise<Finding[]> {
  const redis = servers.map(({ socketPath }) => ({ socketPath }));
  const findings: Finding[] = [];
  for await (const finding of examineRedis({ redis, namespace: "team-a", clock: systemClock }))
    findings.push(finding);
  return findings;
}

test("all keys of the check carry the prefix of the config", async () => {
  await using server = await RedisServer.start({ persistence: "always" });
  await server.operator.call("ACL", "SETUSER", "default", "resetchannels", "&team-a:*");
  expect((await examineServers(server)).map(({ status }) => status)).toEqual([
    "ok",
    "ok",
    "ok",
    "ok",
    "ok",
  ]);
  expect((await server.operator.keys("*")).filter((key) => !key.startsWith("team-a:"))).toEqual([]);
});

test("a denied channel is reported with the prefix that the ACL must allow", async () => {
  await using server = await RedisServer.start({ persistence: "always" });
  await server.operator.call("ACL", "SETUSER", "default", "resetchannels", "&vmrig:*");
  const fix = expect.stringMatching(
    /"A Redis for a team" of the docs, for keys and channels team-a:\*$/,
  ) as unknown;
  expect((await examineServers(server)).at(-1)).toMatchObject({
    what: "lease",
    status: "warn",
    fix,
  });
});

test("each of several servers is checked and named by its address, then a lease is acquired in all of them", async () => {
  await using servers = await RedisServers.start(3, { persistence: "always" });
  const [, second, third] = servers.all as [RedisServer, RedisServer, RedisServer];
  await second.operator.config("SET", "appendfsync", "everysec");
  const findings = await examineServers(...servers.all);
  expect(findings.map(({ what }) => what).filter((what) => what === "Redis")).toHaveLength(3);
  const measured = ({ socketPath }: RedisServer): string =>
    expect.stringContaining(`unix:${socketPath}`) as string;
  const everysec = { what: "Redis persistence", status: "warn", measured: measured(second) };
  expect(findings.filter(({ status }) => status !== "ok")).toMatchObject([everysec]);
  await third.kill();
  const without = await examineServers(...servers.all);
  expect(without.filter(({ status }) => status !== "ok")).toMatchObject([
    everysec,
    { what: "Redis", status: "fail", measured: measured(third) },
  ]);
  expect(without.at(-1)).toMatchObject({
    what: "lease",
    status: "ok",
    measured: expect.stringMatching(/^acquired, waited for and handed over/),
  });
  await second.kill();
  expect(
    (await examineServers(...servers.all)).map(({ what, status }) => `${status} ${what}`),
  ).not.toContain("ok lease");
});

describe("a Redis that is configured", () => {
  async function problemsOf(
    cli: TestCli,
    extra: readonly string[],
    persistence: Persistence = "always",
    before?: (server: RedisServer) => Promise<unknown>,
  ) {
    await using server = await RedisServer.start({ persistence, extra });
    await before?.(server);
    return problems(
      await runDoctor(cli, { env: { VMRIG_REDIS_URL: `unix://${server.socketPath}` } }),
    );
  }

  test("has no problems when it persists every write and evicts nothing", async ({ cli }) => {
    expect(await problemsOf(cli, [])).toEqual([]);
  });

  test.for<
    [title: string, extra: readonly string[], persistence: Persistence, wrong: Partial<Finding>]
  >([
    ["without an append-only file", [], "none", { what: "Redis persistence", status: "fail" }],
    [
      "that syncs its file once a second",
      ["--appendfsync", "everysec"],
      "always",
      { what: "Redis persistence", status: "warn" },
    ],
    [
      "that evicts when it is full",
      ["--maxmemory", "100mb", "--maxmemory-policy", "allkeys-lru"],
      "always",
      { what: "Redis memory", status: "fail" },
    ],
    [
      "that would evict if it had a limit",
      ["--maxmemory-policy", "volatile-ttl"],
      "always",
      { what: "Redis memory", status: "warn" },
    ],
  ])("%s is named with the setting to change", async ([, extra, persistence, wrong], { cli }) => {
    expect(await problemsOf(cli, extra, persistence)).toMatchObject([
      { ...wrong, fix: expect.stringContaining("redis-cli CONFIG SET") },
    ]);
  });

  test("that denies the scripts is reported with the permissions that its user needs", async ({
    cli,
  }) => {
    const found = await problemsOf(cli, [], "always", (server) =>
      server.operator.call("ACL", "SETUSER", "default", "-evalsha", "-eval"),
    );
    expect(found).toMatchObject([
      { what: "Redis", status: "fail", measured: expect.stringMatching(/no permissions/i) },
    ]);
  });

  test("that denies the channels is reported: waiting runs are not notified", async ({ cli }) => {
    const found = await problemsOf(cli, [], "always", (server) =>
      server.operator.call("ACL", "SETUSER", "default", "resetchannels"),
    );
    expect(found).toMatchObject([
      { what: "lease", status: "warn", fix: expect.stringContaining("channels vmrig:*") },
    ]);
  });

  test("that denies INFO gets warnings, and the lease is still checked", async ({ cli }) => {
    const found = await problemsOf(cli, [], "always", (server) =>
      server.operator.call("ACL", "SETUSER", "default", "-info", "-config"),
    );
    expect(found.map(({ what, status }) => `${status} ${what}`)).toEqual([
      "warn Redis",
      "warn Redis persistence",
      "warn Redis memory",
    ]);
  });

  test("that is unreachable is named by its address, without its password", async ({ cli }) => {
    const found = problems(
      await runDoctor(cli, { env: { VMRIG_REDIS_URL: "redis://me:secret@127.0.0.1:1" } }),
    );
    expect(found).toMatchObject([
      { what: "Redis", status: "fail", measured: expect.stringContaining("redis://127.0.0.1:1") },
    ]);
    expect(JSON.stringify(found)).not.toContain("secret");
  });
});
