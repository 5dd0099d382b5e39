import { execFile } from "node:child_process";
import { join } from "node:path";
import { promisify } from "node:util";
import { Redis } from "ioredis";
import type { CloudEvent } from "./cloud-events.ts";

/** Bugs that the suite's own tests inject, to see the suite fail. */
export const STATE_BUGS = ["late-writer", "double"] as const;

export interface BugContext {
  readonly redis: string;
  readonly cloud: string;
  readonly eventLog: string;
  readonly by: Pick<CloudEvent, "session" | "fence" | "home" | "copy">;
}

/**
 * Does nothing, unless `CHAOS_BUG` in the environment names a bug. Call it after a visit.
 *
 * - `late-writer`: stores an old version again, past vmrig, as if there were no fence.
 * - `double`: creates a machine under another owner, which no state knows.
 */
export async function injectBug({ redis, cloud, eventLog, by }: BugContext): Promise<void> {
  const bug = process.env["CHAOS_BUG"];
  if (bug === "late-writer") {
    const client = new Redis(redis);
    const key = `vmrig:{chaos}:${by.copy}:state-versions`;
    const first = await client.hget(key, "1");
    if (first !== null) await client.hset(key, "1", first);
    client.disconnect();
  }
  if (bug === "double") {
    const call = join(import.meta.dirname, "cloud-call.sh");
    const who = [by.session, String(by.fence), by.home, by.copy];
    await promisify(execFile)(
      "bash",
      [call, "create", cloud, eventLog, ...who, "pc9", "10", "another", "512"],
      { env: { ...process.env, VMRIG_ORIGIN: '{"resource":"none","values":"none"}' } },
    );
  }
}
