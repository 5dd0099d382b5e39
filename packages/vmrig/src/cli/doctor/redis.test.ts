import { expect, test } from "vitest";
import { systemClock } from "../../clock/clock.ts";
import type { Finding } from "../../driver/driver.ts";
import { RedisServer } from "../../lease/fixtures/redis-server.ts";
import { examineRedis } from "./redis.ts";

async function look(server: RedisServer): Promise<Finding[]> {
  const redis = { socketPath: server.socketPath };
  const findings: Finding[] = [];
  for await (const finding of examineRedis({ redis, namespace: "team-a", clock: systemClock })) findings.push(finding);
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
  const fix = expect.stringMatching(/shared-redis\.md, for keys and channels team-a:\*$/) as unknown;
  expect((await look(server)).at(-1)).toMatchObject({ what: "lease", status: "warn", fix });
});
