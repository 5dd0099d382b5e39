import type { Clock } from "../../clock/clock.ts";
import type { Finding } from "../../driver/finding.ts";
import { connect } from "../../redis/dial.ts";
import type { RedisConnection } from "../../redis/connection.ts";
import { describeAddress, type RedisAddress } from "../../redis/address.ts";
import { failure } from "./finding.ts";
import { examineLease, type ExaminedStore } from "./lease.ts";

const OLDEST = [6, 2] as const;
const WORST_SKEW_MS = 1_000;

/**
 * Checks that each Redis can store leases, then acquires a real lease in all of them.
 */
export async function* examineRedis(store: ExaminedStore): AsyncGenerator<Finding> {
  const { redis, ...options } = store;
  const answering: RedisAddress[] = [];
  for (const address of redis) {
    const findings = examineServer(address, options);
    for (let next = await findings.next(); ; next = await findings.next()) {
      if (next.done === true) {
        if (next.value) answering.push(address);
        break;
      }
      const { measured } = next.value;
      const shown = describeAddress(address);
      yield redis.length === 1 || measured.includes(shown)
        ? next.value
        : { ...next.value, measured: `${shown}: ${measured}` };
    }
  }
  if (answering.length > redis.length / 2) yield await examineLease(store, answering);
}

/**
 * Checks version, persistence, eviction policy and clock of one Redis.
 *
 * @returns whether Redis answered
 */
async function* examineServer(
  address: RedisAddress,
  options: Omit<ExaminedStore, "redis">,
): AsyncGenerator<Finding, boolean> {
  const { clock } = options;
  let connection: RedisConnection;
  try {
    connection = await connect(address, { commandTimeoutMs: 3_000, ...options });
  } catch (error) {
    yield failure("Redis", error);
    return false;
  }
  try {
    // An ACL may deny INFO. Then its facts are unknown, but the lease still checks the essentials.
    const info = parseInfo(await connection.redis.info().catch(() => ""));
    yield checkVersion(info, describeAddress(address));
    const fsync = await connection.redis.config("GET", "appendfsync").catch(() => undefined);
    yield checkPersistence(info, Array.isArray(fsync) ? (fsync[1] ?? "") : undefined);
    yield checkMemory(info);
    yield await checkClock(connection, clock);
  } catch (error) {
    yield failure("Redis", error);
    return false;
  } finally {
    connection.close();
  }
  return true;
}

type Info = ReadonlyMap<string, string>;

function parseInfo(text: string): Info {
  return new Map(
    [...text.matchAll(/^(\w+):(.*?)\r?$/gm)].map(([, name = "", value = ""]) => [name, value]),
  );
}

const ASK_ADMINISTRATOR =
  "ask the administrator of Redis to allow INFO and CONFIG GET for the user of vmrig";

function checkVersion(info: Info, shown: string): Finding {
  const what = "Redis";
  const version = info.get("redis_version");
  if (version === undefined)
    return { what, status: "warn", measured: `${shown}, version unknown`, fix: ASK_ADMINISTRATOR };
  const [major = 0, minor = 0] = version.split(".").map(Number);
  const valkey = info.get("valkey_version");
  const measured = `${valkey === undefined ? version : `Valkey ${valkey}`} at ${shown}`;
  if (major > OLDEST[0] || (major === OLDEST[0] && minor >= OLDEST[1]))
    return { what, status: "ok", measured };
  return {
    what,
    status: "fail",
    measured: `${measured} is older than ${OLDEST.join(".")}`,
    fix: "upgrade it, or set VMRIG_REDIS_URL to another Redis",
  };
}

function checkPersistence(info: Info, fsync: string | undefined): Finding {
  const what = "Redis persistence";
  const aof = info.get("aof_enabled");
  if (aof === undefined)
    return { what, status: "warn", measured: "unknown", fix: ASK_ADMINISTRATOR };
  if (aof !== "1") {
    const fix =
      "redis-cli CONFIG SET appendonly yes, CONFIG SET appendfsync always, also in redis.conf";
    return {
      what,
      status: "fail",
      measured: "no append-only file: a restart loses every lease, and two runs may lease one rig",
      fix,
    };
  }
  if (fsync === "always")
    return {
      what,
      status: "ok",
      measured: "append-only file, synced after every write (appendfsync always)",
    };
  if (fsync === undefined)
    return {
      what,
      status: "warn",
      measured: "append-only file; appendfsync is unknown",
      fix: ASK_ADMINISTRATOR,
    };
  const fix = "redis-cli CONFIG SET appendfsync always, also in redis.conf";
  return {
    what,
    status: "warn",
    measured: `append-only file, but appendfsync ${fsync}: a crash may lose the last leases`,
    fix,
  };
}

function checkMemory(info: Info): Finding {
  const what = "Redis memory";
  const policy = info.get("maxmemory_policy");
  if (policy === undefined)
    return { what, status: "warn", measured: "eviction policy unknown", fix: ASK_ADMINISTRATOR };
  if (policy === "noeviction")
    return { what, status: "ok", measured: "evicts nothing (noeviction)" };
  const fix = "redis-cli CONFIG SET maxmemory-policy noeviction, also in redis.conf";
  if (info.get("maxmemory") === "0")
    return {
      what,
      status: "warn",
      measured: `maxmemory-policy ${policy}, but no maxmemory is set`,
      fix,
    };
  return {
    what,
    status: "fail",
    measured: `maxmemory-policy ${policy}: a full Redis evicts leases`,
    fix,
  };
}

/** Compares the clocks; assumes that the reply was sent in the middle of the round trip. */
async function checkClock({ redis }: RedisConnection, clock: Clock): Promise<Finding> {
  const what = "clock";
  const [asked, start] = [clock.wall(), clock.monotonic()];
  const [seconds = 0, micros = 0] = (await redis.time()).map(Number);
  const skew = seconds * 1000 + micros / 1000 - (asked + (clock.monotonic() - start) / 2);
  const measured = `${Math.abs(skew) < 1 ? "less than 1" : Math.abs(Math.round(skew))} ms from the clock of Redis`;
  if (Math.abs(skew) <= WORST_SKEW_MS) return { what, status: "ok", measured };
  const fix = "synchronise both clocks with NTP: timedatectl set-ntp true";
  return {
    what,
    status: "warn",
    measured: `the clock of this computer is ${Math.abs(skew / 1000).toFixed(1)} s ${skew > 0 ? "behind" : "ahead of"} that of Redis`,
    fix,
  };
}
