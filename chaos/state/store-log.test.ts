import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { startRedis } from "../rig/redis-server.ts";
import { readStoreLog } from "./store-log.ts";

test("reads each version and each fence of a state from the changes of Redis, also across a crash", async () => {
  const folder = await mkdtemp(join(tmpdir(), "vmrig-chaos-"));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  await using redis = await startRedis(join(folder, "redis"));
  const key = "vmrig:{chaos}:chaos-1";
  const facts = JSON.stringify({ fence: 7, write: "w1" });
  await redis.operator.set(`${key}:fence`, "7");
  await redis.operator.hset(`${key}:state`, "fence", "8", "round", "1");
  await redis.restart(true);
  await redis.operator.hset(`${key}:state-versions`, "1", `7 1\n${facts}\n{\r\n"é"}\n`);

  expect(await readStoreLog(redis.changes)).toEqual([
    { kind: "fence", copy: "chaos-1", fence: 7 },
    { kind: "fence", copy: "chaos-1", fence: 8 },
    {
      kind: "version",
      copy: "chaos-1",
      version: 1,
      fence: 7,
      write: "w1",
      text: '{\r\n"é"}\n',
    },
  ]);
});
