import type { Fence } from "../driver/driver.ts";
import type { Connection } from "./connection.ts";
import { duration } from "./duration.ts";
import { decodeHolder, describeHolder } from "./holder.ts";
import { keysOf, type CopyName } from "./keys.ts";
import { NOW, script } from "./script.ts";

/** KEYS lock, holder, revoked; ARGV the fence of the lease that was lost. */
export const LOSS = script(`${NOW}
local at, by = string.match(redis.call('HGET', KEYS[3], ARGV[1]) or '', '^(%d+):(.*)$')
local h = redis.call('HMGET', KEYS[2], 'fence', 'since', 'who')
return { at and now - at or -1, by or '', redis.call('EXISTS', KEYS[1]), h[1] or '', h[2] and now - h[2] or -1, h[3] or '' }
`);

type LossReply = [revokedForMs: number, by: string, locked: number, fence: string, takenForMs: number, who: string];

/** Why Redis does not know a lease as ours any more, one fact a line. @throws VmrigError `REDIS_UNREACHABLE`, after one try */
export async function explainLoss(
  connection: Connection,
  namespace: string,
  lease: CopyName & { readonly fence: Fence },
): Promise<string[]> {
  const { lock, holder, revoked } = keysOf(namespace, lease);
  const reply = (await connection.run(LOSS, [lock, holder, revoked], [lease.fence])) as LossReply;
  const [revokedForMs, by, locked, fence, takenForMs, who] = reply;
  const facts = [];
  if (revokedForMs >= 0) facts.push(renderForced(by, revokedForMs));
  if (locked === 1 && takenForMs >= 0 && fence !== String(lease.fence)) {
    facts.push(`taken by ${describeHolder(decodeHolder(who))} ${duration(takenForMs)} ago`);
  } else if (locked === 1) {
    facts.push("the lock was set anew by hand");
  }
  return facts.length > 0 ? facts : ["the lock vanished from Redis (data lost, or removed by hand)"];
}

/** `released by force by bob@laptop 1.0 s ago (vmrig release --force)` */
function renderForced(by: string, agoMs: number): string {
  const { command, ...who } = decodeHolder(by);
  return `released by force by ${describeHolder({ ...who, command: "" })} ${duration(agoMs)} ago${command === "" ? "" : ` (${command})`}`;
}
