import { expect, test } from "vitest";
import { systemClock } from "../../clock/clock.ts";
import type { Finding } from "../../driver/driver.ts";
import { RedisServer } from "../../redis/fixtures/redis-server.ts";
import { RedisServers } from "../../redis/fixtures/redis-servers.ts";
import { examineRedis } from "./redis.ts";

async function look(...servers: readonly RedisServer[]): Promise<Finding[]> {
  const redis = servers.map(({ socketPath }) => ({ socketPath }));
  const findings: Finding[] = [];
  for await (const finding of examineRedis({ redis, namespace: "team-a", clock: systemClock }))
    findings.push(finding);
  return findings;
}

test("all that is tried carries the prefix of the config", async () => {
  await using server = await RedisServer.start({ persistence: "always" });
  await server.operator.call("ACL", "SETUSER", "default", "resetchannels", "&team-a:*");
  expect((await look(server)).map(({ status }) => status)).toEqual(["ok", "ok", "ok", "ok", "ok"]);
  expect((await server.operator.keys("*")).filter((key) => !key.startsWith("team-a:"))).toEqual([]);
});

test("what is denied is named with the prefix that it must be allowed for", async () => {
  await using server = await RedisServer.start({ persistence: "always" });
  await server.operator.call("ACL", "SETUSER", "default", "resetchannels", "&vmrig:*");
  const fix = expect.stringMatching(
    /shared-redis\.md, for keys and channels team-a:\*$/,
  ) as unknown;
  expect((await look(server)).at(-1)).toMatchObject({ what: "lease", status: "warn", fix });
});

test("each of several is looked at and named by its address, then a lease is taken in all of them", async () => {
  await using servers = await RedisServers.start(3, { persistence: "always" });
  const [, second, third] = servers.all as [RedisServer, RedisServer, RedisServer];
  await second.operator.config("SET", "appendfsync", "everysec");
  const findings = await look(...servers.all);
  expect(findings.map(({ what }) => what).filter((what) => what === "Redis")).toHaveLength(3);
  const measured = ({ socketPath }: RedisServer): string =>
    expect.stringContaining(`unix:${socketPath}`) as string;
  const everysec = { what: "Redis persistence", status: "warn", measured: measured(second) };
  expect(findings.filter(({ status }) => status !== "ok")).toMatchObject([everysec]);
  await third.kill();
  const without = await look(...servers.all);
  expect(without.filter(({ status }) => status !== "ok")).toMatchObject([
    everysec,
    { what: "Redis", status: "fail", measured: measured(third) },
  ]);
  expect(without.at(-1)).toMatchObject({
    what: "lease",
    status: "ok",
    measured: expect.stringMatching(/^taken, waited for and handed on/),
  });
  await second.kill();
  expect((await look(...servers.all)).map(({ what, status }) => `${status} ${what}`)).not.toContain(
    "ok lease",
  );
});
