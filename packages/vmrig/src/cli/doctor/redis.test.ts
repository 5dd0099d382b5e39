import { expect, test } from "vitest";
import { systemClock } from "../../clock/clock.ts";
import type { Finding } from "../../driver/driver.ts";
import { RedisServer } from "../../redis/fixtures/redis-server.ts";
import { RedisServers } from "../../redis/fixtures/redis-servers.ts";
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
    /shared-redis\.md, for keys and channels team-a:\*$/,
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
