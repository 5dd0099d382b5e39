import { systemClock, type Clock } from "../../../../clock/clock.ts";
import { connectServers } from "../../../../lease/backends/quorum/connect-servers.ts";
import type { CopyName } from "../../../../lease/keys.ts";
import { describeAddresses, type RedisAddress } from "../../../../redis/address.ts";
import { DEFAULT_NAMESPACE } from "../../../../redis/namespace.ts";
import { checkSize } from "../../size-limit.ts";
import { decodeRecord, decodeVersion, encodeRecord, versionOf } from "../../state-record.ts";
import type { StateStore, StoredState, WriteOutcome } from "../../state-store.ts";
import { compareBallots, parseBallot, type Ballot } from "./ballot.ts";
import { changeRegister, type RegisterValue } from "./register.ts";
import { HISTORY, READ, READ_NUMBER, READ_VERSION, stateKeys } from "./scripts.ts";

export interface RedisStoreOptions {
  /** Address of one Redis, or addresses of 3 or 5 of which the majority decides. */
  readonly redis: RedisAddress | readonly RedisAddress[];
  /** @defaultValue `vmrig` */
  readonly namespace?: string;
  readonly clock?: Clock;
  /** @defaultValue 1500 */
  readonly commandTimeoutMs?: number;
}

/**
 * State store in the Redis of the lease. The script that stores a state also checks the fence of
 * the lease: once a lease is granted, no earlier one can write.
 *
 * @throws VmrigError `REDIS_UNREACHABLE`, `CONFIG_INVALID`
 */
export async function redisStore(options: RedisStoreOptions): Promise<StateStore> {
  const { clock = systemClock, namespace = DEFAULT_NAMESPACE, commandTimeoutMs = 1500 } = options;
  const addresses = "length" in options.redis ? options.redis : [options.redis];
  const servers = await connectServers(addresses, { namespace, clock, commandTimeoutMs });
  const shown = describeAddresses(addresses, namespace);
  const keysFor = (copy: CopyName) => stateKeys(namespace, copy);
  const register = (copy: CopyName) => ({ servers, keys: keysFor(copy), clock });
  const decode = (copy: CopyName, { version, record }: RegisterValue): StoredState | undefined =>
    version === 0 ? undefined : decodeRecord(record, `of "${copy.copy}" in ${shown}`);

  return {
    shown,

    async claim(copy, fence) {
      const result = await changeRegister<never>(register(copy), {
        fence,
        needsText: true,
        // Stored again under this fence: a delayed write of an earlier lease, which some server
        // still accepts, must not outrank it.
        decide: (newest) => ({ store: newest }),
      });
      return "stored" in result
        ? { outcome: "claimed", current: decode(copy, result.stored) }
        : result.refused;
    },

    async write(copy, write) {
      checkSize(write.text, copy.copy, shown);
      const version = versionOf(write);
      const store = { version: version.version, record: encodeRecord(version, write.text) };
      const result = await changeRegister<WriteOutcome>(register(copy), {
        fence: write.fence,
        needsText: false,
        decide(newest) {
          if (newest.version === write.base || isWrite(newest, write.id)) return { store };
          return { refuse: { outcome: "conflict", version: newest.version } };
        },
      });
      return "stored" in result
        ? { outcome: "written", version: result.stored.version }
        : result.refused;
    },

    async newestVersion(copy) {
      const replies = await servers.askAgain((server) => server.run(READ_NUMBER, keysFor(copy)));
      return Math.max(...replies.map(({ answer }) => Number(answer)));
    },

    async read(copy) {
      const replies = await servers.askAgain(async (server) => {
        const [ballot, version, record] = (await server.run(READ, keysFor(copy))) as string[];
        return {
          ballot: parseBallot(ballot ?? ""),
          value: { version: Number(version), record: record ?? "" },
        };
      });
      const newest = latest(replies.map(({ answer }) => answer));
      return newest === undefined ? undefined : decode(copy, newest.value);
    },

    async history(copy) {
      const replies = await servers.askAgain(
        async (server) => (await server.run(HISTORY, keysFor(copy))) as readonly string[],
      );
      const where = `of "${copy.copy}" in ${shown}`;
      const lines = replies.flatMap(({ answer }) => answer.map(splitBallot));
      const versions = lines.map(({ ballot, rest }) => ({
        ballot,
        value: decodeVersion(rest, where),
      }));
      const byVersion = Map.groupBy(versions, ({ value }) => value.version);
      return [...byVersion]
        .sort(([a], [b]) => b - a)
        .flatMap(([, several]) => latest(several)?.value ?? []);
    },

    async readVersion(copy, version) {
      const replies = await servers.askAgain((server) =>
        server.run(READ_VERSION, keysFor(copy), [version]),
      );
      const found = replies.flatMap(({ answer }) =>
        typeof answer === "string" ? [splitBallot(answer)] : [],
      );
      const record = latest(found)?.rest;
      return record === undefined ? undefined : decode(copy, { version, record });
    },

    async [Symbol.asyncDispose]() {
      servers.close();
    },
  };
}

/** Whether the newest version came from this write, whose reply was lost. */
function isWrite({ version, record }: RegisterValue, id: string): boolean {
  return version > 0 && decodeVersion(record, "in Redis").write === id;
}

/** Several servers may store a version under different ballots; the largest one counts. */
function latest<T extends { readonly ballot: Ballot }>(found: readonly T[]): T | undefined {
  return found.toSorted((a, b) => compareBallots(b.ballot, a.ballot))[0];
}

function splitBallot(stored: string): { readonly ballot: Ballot; readonly rest: string } {
  const end = stored.indexOf("\n");
  return { ballot: parseBallot(stored.slice(0, end)), rest: stored.slice(end + 1) };
}
